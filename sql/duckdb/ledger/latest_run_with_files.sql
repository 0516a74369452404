-- latest_run_with_files: the latest run that wrote a file
-- grain: one row or none · reads: meta.runs, meta.files · shipped: no
select run_id, started_at
from meta.runs
where manifest_key is not null and run_id in (select run_id from meta.files)
order by run_id desc
limit 1
