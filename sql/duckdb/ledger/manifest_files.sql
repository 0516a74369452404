-- manifest_files: the files of a run that reach the bucket and stay. ?1: the run
-- grain: file · reads: meta.files · shipped: no
select "table", key, row_count, size_bytes, sha256, row_hash_sum
from meta.files
where run_id = ?1 and lost_at is null and forgotten_at is null
order by rowid
