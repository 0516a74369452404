-- last_runs: the latest runs.
select run_id, status, started_at, finished_at, count(*) over () as run_count
from operations.runs
order by started_at desc, run_id desc
limit 8
