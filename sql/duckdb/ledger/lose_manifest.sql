-- lose_manifest: notes that a run has no manifest any more. ?1: the run
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set manifest_key = null, manifest_sha256 = null, manifest_size_bytes = null
where run_id = ?1
