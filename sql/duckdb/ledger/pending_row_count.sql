-- pending_row_count: how many rows the pending reads announce; a list of playlists says nothing of rows, and every night has one
-- grain: one row · reads: staging.pending_reads · shipped: no
select coalesce(sum(total), 0) as row_count
from staging.pending_reads
where entity in ('playlist', 'liked_songs') and status <> 'metadata_only'
