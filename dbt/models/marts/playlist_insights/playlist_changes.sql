-- playlist_changes: songs that came and went between two snapshots that were read one after the other.
-- grain: playlist_id, snapshot_id, song_id · reads: playlist_stays, playlist_snapshots, songs
-- The first snapshot of a playlist is where the history starts, not a change.
with snapshot_pairs as (
    select
        later.playlist_id, later.playlist_name, later.snapshot_id, later.snapshot_number,
        earlier.snapshot_id as previous_snapshot_id,
        later.first_read_at as changed_at
    from {{ ref('playlist_snapshots') }} as later
    inner join {{ ref('playlist_snapshots') }} as earlier
        on earlier.playlist_id = later.playlist_id and earlier.snapshot_number = later.snapshot_number - 1
),

-- By name once, because each mention of the view would read all of the history.
stays as (
    select * from {{ ref('playlist_stays') }}
),

changes as (
    select playlist_id, song_id, first_snapshot_number as snapshot_number, 'added' as change
    from stays
    union all
    select playlist_id, song_id, last_snapshot_number + 1 as snapshot_number, 'removed' as change
    from stays
)

select
    changes.playlist_id,
    snapshot_pairs.playlist_name,
    snapshot_pairs.snapshot_id,
    snapshot_pairs.previous_snapshot_id,
    snapshot_pairs.changed_at,
    changes.change,
    changes.song_id,
    songs.name as song_name
from changes
inner join snapshot_pairs
    on snapshot_pairs.playlist_id = changes.playlist_id and snapshot_pairs.snapshot_number = changes.snapshot_number
left join {{ source('spotify', 'songs') }} as songs on songs.id = changes.song_id
