-- written_archive: the archive of a run as it was written, where one is known. ?1: the run
-- grain: one row or none · reads: meta.runs · shipped: no
select archive_key, archive_sha256, archive_size_bytes
from meta.runs
where run_id = ?1 and archive_sha256 is not null
