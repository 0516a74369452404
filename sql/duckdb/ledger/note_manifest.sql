-- note_manifest: notes the manifest of a run as it was written. ?1: key · ?2: sha256 · ?3: bytes · ?4: the run
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set manifest_key = ?1, manifest_sha256 = ?2, manifest_size_bytes = ?3
where run_id = ?4
