-- severity: error
-- why: Spotify announced another number of rows than we hold for a playlist that was read to its end
-- table: playlist_songs
select playlist_id, snapshot_id, total, row_count
from staging.snapshot_counts
where status = 'complete' and total is not null and row_count <> total
