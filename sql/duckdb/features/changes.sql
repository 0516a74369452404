-- changes: brings what changed into features.interactions, and says what the other tables are made anew from. A template: {interactions}
-- is interactions.sql of the lists that changed.
--
--     rows of a list ─▶ interactions ─▶ degrees, counts in lists ─▶ song_features ─▶ playlist_features
--     song, album, observation ─────────────────────────────────────────┘
--
-- Reads what publish.sql brought into the file, and what features say of it until now; so both must be of the same version of the file.
-- grain: see each table · reads: core, features of the published file, meta.pending_runs · shipped: no
-- guarded by: published/feature_tests.rs, against tables that are made from nothing
create or replace temp table news as
select run_id from work.meta.pending_runs
where consumer = '{published}';

create or replace temp table resplit_lists as
select id, snapshot_id from core.playlists
where run_id in (select run_id from news)
    or id in (select playlist_id from core.playlist_songs where run_id in (select run_id from news));

-- Pairs that came, went (no split), or are otherwise than they were.
create or replace temp table changed_pairs as
with next as ({interactions}),

former as (
    select pairs.rowid as former_row, pairs.*
    from features.interactions as pairs
    semi join resplit_lists as lists on lists.id = pairs.playlist_id
)

select
    coalesce(next.playlist_id, former.playlist_id) as playlist_id,
    coalesce(next.song_id, former.song_id) as song_id,
    next.added_at,
    next.weight,
    next.split,
    former.former_row,
    coalesce(former.split = 'train', false) as was_train,
    coalesce(next.split = 'train', false) as is_train
from next
full join former on former.playlist_id = next.playlist_id and former.song_id = next.song_id
where next.split is distinct from former.split
    or next.added_at is distinct from former.added_at
    or next.weight is distinct from former.weight;

delete from features.interactions
where rowid in (select former_row from changed_pairs where former_row is not null);

insert into features.interactions by name
select playlist_id, song_id, added_at, weight, split
from changed_pairs
where split is not null
order by playlist_id, added_at nulls first, song_id;

-- Songs that came into a list's rows of train, or left them.
create or replace temp table shifted_songs as
select distinct songs.rowid as song, songs.id as song_id
from changed_pairs as changed
inner join core.songs as songs on songs.id = changed.song_id
where changed.was_train <> changed.is_train;

-- The lists that they stand in or left: in no other does a pair of songs come together or part.
create or replace temp table near_pairs as
with lists as (
    select pairs.playlist_id
    from features.interactions as pairs
    semi join shifted_songs as shifted on shifted.song_id = pairs.song_id
    where pairs.split = 'train'
    union
    select playlist_id from changed_pairs
    where was_train <> is_train
),

pairs as (
    select pairs.playlist_id, pairs.song_id, coalesce(changed.was_train, true) as was_there, true as is_there
    from features.interactions as pairs
    semi join lists on lists.playlist_id = pairs.playlist_id
    left join changed_pairs as changed
        on changed.playlist_id = pairs.playlist_id and changed.song_id = pairs.song_id
    where pairs.split = 'train'
    union all
    select playlist_id, song_id, true, false
    from changed_pairs
    where was_train and not is_train
)

select playlists.rowid as list, songs.rowid as song, pairs.was_there, pairs.is_there
from pairs
inner join core.playlists as playlists on playlists.id = pairs.playlist_id
inner join core.songs as songs on songs.id = pairs.song_id;

create or replace temp table degree_parts (song bigint, part bigint);
