-- concerned_songs: the songs of which a feature may be another one, but for the ages, which move with the newest row of train.
-- grain: song_id · reads: news, changed_pairs, degree_parts, core, features of the published file · shipped: no
-- guarded by: published/feature_tests.rs
create or replace temp table concerned_songs as
with touched as (
    select song_id from changed_pairs
    where was_train or is_train
    union
    select id from core.songs
    where run_id in (select run_id from news)
),

-- Of what they are by, and of what they were by until now, there are other counts.
artists as (
    select songs.artist_ids as artist_id
    from core.songs as songs
    semi join touched on touched.song_id = songs.id
    union
    select features.artist_id
    from features.song_features as features
    semi join touched on touched.song_id = features.song_id
),

albums as (
    select songs.album_id
    from core.songs as songs
    semi join touched on touched.song_id = songs.id
    union
    select features.album_id
    from features.song_features as features
    semi join touched on touched.song_id = features.song_id
    union
    select id from core.albums
    where run_id in (select run_id from news)
)

select song_id from touched
union
select song_id from core.song_observations
where run_id in (select run_id from news)
union
select songs.id from core.songs as songs
semi join artists on artists.artist_id = songs.artist_ids
union
select songs.id from core.songs as songs
semi join albums on albums.album_id = songs.album_id
union
select songs.id from core.songs as songs
semi join degree_parts as parts on parts.song = songs.rowid;

-- To what they were, what changed is added.
insert into degree_parts
select songs.rowid, features.co_occurrence_degree
from features.song_features as features
semi join concerned_songs as concerned on concerned.song_id = features.song_id
inner join core.songs as songs on songs.id = features.song_id;
