-- song_spread: in how many playlists each song stands now; kept up by what a run changes of it, so that no run counts the history.
-- grain: song_id · reads: next_playlists, core.playlists, core.playlist_songs, pending_rows, pending_snapshots, superseded_rows,
-- known_snapshots, newest_songs, meta.snapshots, meta.song_spread · shipped: no
-- guarded by: song_observations__playlist_count_is_plausible and, against a count of all rows, tests/suite/spread.rs

-- Playlists whose current snapshot this run brought, or read again. A number is far cheaper to count than an id.
create or replace temp table moved_playlists as
select
    next.id as playlist_id,
    row_number() over ()::integer as playlist_number,
    stored.snapshot_id as former_snapshot_id,
    next.snapshot_id,
    coalesce(stored.snapshot_id = next.snapshot_id, false) as is_read_again
from next_playlists as next
left join core.playlists as stored using (id)
where
    stored.snapshot_id is distinct from next.snapshot_id
    or (next.id, next.snapshot_id) in (select (playlist_id, snapshot_id) from pending_snapshots);

create or replace temp table pending_numbers as
select snapshots.read_id, moved.playlist_number
from pending_snapshots as snapshots
inner join moved_playlists as moved using (playlist_id, snapshot_id);

-- The snapshots that were current and those that are, of which core holds rows.
create or replace temp table held_snapshots as
with snapshots as (
    select
        moved.playlist_id, moved.playlist_number, moved.former_snapshot_id as snapshot_id,
        true as was_current, moved.is_read_again as is_current
    from moved_playlists as moved
    union all
    select playlist_id, playlist_number, snapshot_id, false, true
    from moved_playlists
    where not is_read_again
)

from snapshots
semi join meta.snapshots using (playlist_id, snapshot_id);

-- DuckDB asks a list once for each word of a dictionary, a join for each row; but a long list longer than a join. NULL: no list.
set variable held_playlists = (
    select case when count(distinct playlist_id) <= 500 then list(distinct playlist_id) end from held_snapshots
);

-- The one look into the history. A row that is read again takes the place of the stored one. Rows that are no songs are left out
-- later: to do it here, DuckDB would read every song_id.
create or replace temp table former_songs as
with replaced as (
    select snapshots.playlist_id, snapshots.snapshot_id, rows.position
    from pending_rows as rows
    inner join pending_snapshots as snapshots using (read_id)
    semi join known_snapshots using (playlist_id, snapshot_id)
)

select
    held.playlist_number, rows.song_id, held.was_current,
    held.is_current and replaced.position is null as is_current
from core.playlist_songs as rows
inner join held_snapshots as held using (playlist_id, snapshot_id)
left join replaced using (playlist_id, snapshot_id, position)
where getvariable('held_playlists') is null or list_contains(getvariable('held_playlists'), rows.playlist_id);

create or replace temp table song_numbers as
select song_id, row_number() over ()::integer as song_number
from (
    select id as song_id from newest_songs
    union
    select song_id from former_songs where song_id is not null
);

create or replace temp table moved_songs as
with memberships as (
    select songs.song_number, numbers.playlist_number, false as was_current, true as is_current
    from pending_rows as rows
    inner join pending_numbers as numbers using (read_id)
    inner join song_numbers as songs using (song_id)
    anti join superseded_rows using (ordinal)
    union all
    select songs.song_number, former.playlist_number, former.was_current, former.is_current
    from former_songs as former
    inner join song_numbers as songs using (song_id)
)

select
    song_number, playlist_number,
    bool_or(was_current) as was_current, bool_or(is_current) as is_current
from memberships
group by song_number, playlist_number;

create or replace temp table next_song_spread as
with changes as (
    select
        song_number,
        (count(*) filter (is_current) - count(*) filter (was_current))::integer as gained_playlist_count
    from moved_songs
    group by song_number
)

select
    songs.song_id,
    coalesce(stored.playlist_count, 0) + coalesce(changes.gained_playlist_count, 0) as playlist_count,
    coalesce(changes.gained_playlist_count, 0) <> 0 as has_changed
from song_numbers as songs
left join changes using (song_number)
left join meta.song_spread as stored using (song_id);

-- Songs that each playlist gained and lost with its new snapshot; nothing, where none was held before.
create or replace temp table playlist_changes as
select
    moved.playlist_id, moved.snapshot_id,
    count(*) filter (songs.is_current and not songs.was_current) as added_song_count,
    count(*) filter (songs.was_current and not songs.is_current) as removed_song_count
from moved_playlists as moved
inner join moved_songs as songs using (playlist_number)
semi join meta.snapshots as held on held.playlist_id = moved.playlist_id and held.snapshot_id = moved.former_snapshot_id
group by moved.playlist_id, moved.snapshot_id;
