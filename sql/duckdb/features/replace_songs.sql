-- replace_songs: brings the songs of next_song_features into features.song_features, where they are otherwise than they were; ages move
-- with the newest row of train, of all songs. Says which lists are concerned.
-- grain: song_id · reads: next_song_features, changed_pairs, news, core.playlists, features of the published file · shipped: no
-- guarded by: published/feature_tests.rs
create or replace temp table replaced_songs as
select
    next.song_id,
    former.rowid as former_row,
    -- What playlist_features are made of.
    (
        next.artist_id is distinct from former.artist_id
        or next.album_id is distinct from former.album_id
        or next.duration_ms is distinct from former.duration_ms
        or next.release_date is distinct from former.release_date
        or next.popularity_level is distinct from former.popularity_level
        or next.list_count is distinct from former.list_count
    ) as is_other_in_lists
from next_song_features as next
left join features.song_features as former on former.song_id = next.song_id
where next is distinct from former;

delete from features.song_features
where rowid in (select former_row from replaced_songs where former_row is not null);

insert into features.song_features by name
select next.*
from next_song_features as next
semi join replaced_songs as replaced on replaced.song_id = next.song_id
order by next.song_id;

update features.song_features as features
set
    age_days = date_diff('day', features.first_seen_at, horizon.ends_at),
    release_age_days = date_diff('day', features.release_date, horizon.ends_at::date)
from (select max(added_at) as ends_at from features.interactions where split = 'train') as horizon
where features.age_days is distinct from date_diff('day', features.first_seen_at, horizon.ends_at)
    or features.release_age_days is distinct from date_diff('day', features.release_date, horizon.ends_at::date);

create or replace temp table concerned_lists as
select playlist_id from changed_pairs
where was_train or is_train
union
select id from core.playlists
where run_id in (select run_id from news)
union
select pairs.playlist_id
from features.interactions as pairs
semi join (select song_id from replaced_songs where is_other_in_lists) as others on others.song_id = pairs.song_id
where pairs.split = 'train';
