-- latest_exported_run: the latest run that exported its rows
-- grain: one row or none · reads: meta.runs · shipped: no
select run_id, started_at
from meta.runs
where exported_at is not null and status not in ('refused', 'superseded')
order by run_id desc
limit 1
