-- playlist_changes: songs that came and went between two snapshots that were read one after the other.
-- grain: playlist_id, snapshot_id, song_id · reads: playlists, playlist_songs, songs
-- The first snapshot of a playlist is where the history starts, not a change.
with snapshots_with_rows as (
    select playlist_id, snapshot_id, min(extracted_at) as first_read_at, min(run_id) as first_run_id
    from {{ source('spotify', 'playlist_songs') }}
    group by playlist_id, snapshot_id
),

-- A list that is empty now has no row that could name its snapshot; its playlist does, while the snapshot is current.
empty_snapshots as (
    select
        playlists.id as playlist_id,
        playlists.snapshot_id,
        playlists.extracted_at as first_read_at,
        playlists.run_id as first_run_id
    from {{ source('spotify', 'playlists') }} as playlists
    left join snapshots_with_rows
        on snapshots_with_rows.playlist_id = playlists.id
        and snapshots_with_rows.snapshot_id = playlists.snapshot_id
    where playlists.item_count = 0 and snapshots_with_rows.playlist_id is null
),

read_snapshots as (
    select * from snapshots_with_rows
    union all
    select * from empty_snapshots
),

-- The current snapshot comes last, whatever the times say: a list can return to an earlier state.
ordered_snapshots as (
    select
        read_snapshots.playlist_id,
        read_snapshots.snapshot_id,
        playlists.name as playlist_name,
        read_snapshots.first_read_at,
        row_number() over (
            partition by read_snapshots.playlist_id
            order by
                case when read_snapshots.snapshot_id = playlists.snapshot_id then 1 else 0 end,
                read_snapshots.first_read_at, read_snapshots.first_run_id, read_snapshots.snapshot_id
        ) as snapshot_number
    from read_snapshots
    inner join {{ source('spotify', 'playlists') }} as playlists on playlists.id = read_snapshots.playlist_id
),

snapshot_pairs as (
    select
        later.playlist_id, later.playlist_name, later.snapshot_id,
        earlier.snapshot_id as previous_snapshot_id,
        greatest(later.first_read_at, earlier.first_read_at) as changed_at
    from ordered_snapshots as later
    inner join ordered_snapshots as earlier
        on earlier.playlist_id = later.playlist_id and earlier.snapshot_number = later.snapshot_number - 1
),

snapshot_songs as (
    select distinct playlist_id, snapshot_id, song_id
    from {{ source('spotify', 'playlist_songs') }}
    where song_id is not null
),

added as (
    select snapshot_pairs.*, later.song_id, 'added' as change
    from snapshot_pairs
    inner join snapshot_songs as later
        on later.playlist_id = snapshot_pairs.playlist_id and later.snapshot_id = snapshot_pairs.snapshot_id
    left join snapshot_songs as earlier
        on earlier.playlist_id = snapshot_pairs.playlist_id
        and earlier.snapshot_id = snapshot_pairs.previous_snapshot_id
        and earlier.song_id = later.song_id
    where earlier.song_id is null
),

removed as (
    select snapshot_pairs.*, earlier.song_id, 'removed' as change
    from snapshot_pairs
    inner join snapshot_songs as earlier
        on earlier.playlist_id = snapshot_pairs.playlist_id
        and earlier.snapshot_id = snapshot_pairs.previous_snapshot_id
    left join snapshot_songs as later
        on later.playlist_id = snapshot_pairs.playlist_id
        and later.snapshot_id = snapshot_pairs.snapshot_id
        and later.song_id = earlier.song_id
    where later.song_id is null
),

changes as (
    select * from added
    union all
    select * from removed
)

select
    changes.playlist_id,
    changes.playlist_name,
    changes.snapshot_id,
    changes.previous_snapshot_id,
    changes.changed_at,
    changes.change,
    changes.song_id,
    songs.name as song_name
from changes
left join {{ source('spotify', 'songs') }} as songs on songs.id = changes.song_id
