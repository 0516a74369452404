-- stream_lacks: how many rows of a table the stream may lack: those of runs that the gate has passed
-- grain: one row · reads: core.{table}, meta.pending_runs · shipped: no
select count(*) as row_count
from core.{table}
where run_id in (
    select run_id
    from meta.pending_runs
    where consumer = '{stream}'
        and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
)
