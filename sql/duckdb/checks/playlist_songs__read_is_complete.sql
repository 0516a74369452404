-- severity: warn
-- why: some rows of this playlist were not in the recorded input, so it looks shorter than it is
-- row: <row_count> of <total> rows were read
-- table: playlist_songs
select playlist_id, snapshot_id, total, row_count
from staging.snapshot_counts
where status = 'partial' and row_count is distinct from total
