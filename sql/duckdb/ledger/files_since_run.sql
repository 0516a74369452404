-- files_since_run: the files of a run and of every later one, as they were written. ?1: the run
-- grain: file · reads: meta.files · shipped: no
select run_id, "table", key, row_count, state, reason, verified_at
from meta.files
where run_id >= ?1
order by rowid
