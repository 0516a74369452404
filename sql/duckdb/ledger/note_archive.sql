-- note_archive: notes the archive of a run as it was written. ?1: key · ?2: sha256 · ?3: bytes · ?4: the run
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set archive_key = ?1, archive_sha256 = ?2, archive_size_bytes = ?3
where run_id = ?4
