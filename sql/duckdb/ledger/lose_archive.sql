-- lose_archive: notes that a run has no archive any more. ?1: the run
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set archive_key = null, archive_sha256 = null, archive_size_bytes = null
where run_id = ?1
