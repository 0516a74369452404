-- playlist_changes: songs that came and went between two snapshots that were read one after the other.
-- grain: playlist_id, snapshot_id, song_id · reads: playlist_snapshots, playlist_songs, songs
-- The first snapshot of a playlist is where the history starts, not a change.
with snapshot_pairs as (
    select
        later.playlist_id, later.playlist_name, later.snapshot_id,
        earlier.snapshot_id as previous_snapshot_id,
        later.first_read_at as changed_at
    from {{ ref('playlist_snapshots') }} as later
    inner join {{ ref('playlist_snapshots') }} as earlier
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
