-- being_fetched: the source that a run is still reading. ?1: the run
-- grain: one row or none · reads: meta.runs, meta.reads · shipped: no
select source
from meta.runs
where run_id = ?1
    and fetched_at is null
    and status = 'running'
    and run_id in (select run_id from meta.reads where status = 'reading')
