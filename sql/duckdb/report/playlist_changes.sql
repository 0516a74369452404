-- playlist_changes: songs that each playlist of this run gained and lost since the snapshot before.
-- grain: playlist_id · reads: meta.snapshots, core.playlist_songs, core.playlists · shipped: no · guarded by: nothing
with snapshots as (
    select playlist_id, snapshot_id, max(read_id) as read_id
    from meta.snapshots
    where run_id = getvariable('run_id')
    group by playlist_id, snapshot_id
    qualify row_number() over (partition by playlist_id order by max(read_id) desc) = 1
),

previous as (
    select
        snapshots.playlist_id,
        arg_max(earlier.snapshot_id, earlier.read_id) as snapshot_id
    from snapshots
    inner join meta.snapshots as earlier
        on earlier.playlist_id = snapshots.playlist_id
        and earlier.read_id < snapshots.read_id
    group by snapshots.playlist_id
),

compared as (
    select playlist_id, snapshot_id, true as is_new from snapshots where playlist_id in (select playlist_id from previous)
    union all
    select playlist_id, snapshot_id, false from previous
),

songs as (
    select
        rows.playlist_id, rows.song_id,
        bool_or(compared.is_new) as is_in_new, bool_or(not compared.is_new) as is_in_previous
    from core.playlist_songs as rows
    inner join compared using (playlist_id, snapshot_id)
    where rows.song_id is not null
    group by rows.playlist_id, rows.song_id
),

counts as (
    select
        playlist_id,
        count(*) filter (is_in_new and not is_in_previous) as added_song_count,
        count(*) filter (is_in_previous and not is_in_new) as removed_song_count
    from songs
    group by playlist_id
)

select
    snapshots.playlist_id,
    playlists.name,
    previous.snapshot_id is null as is_first_read,
    coalesce(counts.added_song_count, 0) as added_song_count,
    coalesce(counts.removed_song_count, 0) as removed_song_count
from snapshots
left join previous using (playlist_id)
left join counts using (playlist_id)
left join core.playlists as playlists on playlists.id = snapshots.playlist_id
order by snapshots.read_id;
