-- files_of_runs: the files of runs, as they were written. ?1: the runs, a JSON array
-- grain: file · reads: meta.files · shipped: no
select run_id, "table", key, row_count, state, reason, verified_at
from meta.files
where run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
order by rowid
