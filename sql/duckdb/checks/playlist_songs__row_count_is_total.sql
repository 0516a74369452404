-- severity: error
-- why: Spotify announced another number of rows than we hold for a playlist that was read to its end, or fewer than we hold
-- row: <row_count> rows are here, <total> were announced
-- table: playlist_songs
select playlist_id, snapshot_id, total, row_count
from staging.snapshot_counts
where (status = 'complete' and row_count <> total) or (status = 'partial' and row_count > total)
