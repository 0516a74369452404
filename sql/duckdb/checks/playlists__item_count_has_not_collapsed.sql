-- severity: warn
-- why: a playlist that lost more than half of its rows since it was last read was emptied, or misread
-- row: <row_count> rows, and <row_count_before> when it was last read
-- table: playlists
with counts as (
    select * from staging.snapshot_counts
    qualify row_number() over (partition by playlist_id order by read_id desc) = 1
),

before as (
    select snapshots.playlist_id, snapshots.snapshot_id, snapshots.landed_row_count as row_count
    from meta.snapshots as snapshots
    inner join counts
        on counts.playlist_id = snapshots.playlist_id
        and counts.snapshot_id <> snapshots.snapshot_id
        and counts.read_id > snapshots.read_id
    qualify row_number() over (partition by snapshots.playlist_id order by snapshots.read_id desc) = 1
)

select counts.playlist_id, counts.snapshot_id, before.row_count as row_count_before, counts.row_count
from counts
inner join before using (playlist_id)
-- Short lists are edited by hand; halving one says nothing.
where before.row_count >= 20 and counts.row_count * 2 < before.row_count
