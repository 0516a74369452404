-- written_manifest: the manifest of a run as it was written; none where an earlier version wrote it. ?1: the run
-- grain: one row or none · reads: meta.runs · shipped: no
select manifest_key, manifest_sha256, manifest_size_bytes
from meta.runs
where run_id = ?1 and manifest_sha256 is not null
