-- finished_playlist_reads: the reads of playlists that came to their end in a run. ?1: the run
-- grain: read · reads: meta.reads · shipped: no
select playlist_id, read_id, total
from meta.reads
where run_id = ?1 and entity = 'playlist' and playlist_id is not null and status = 'complete'
order by read_id
