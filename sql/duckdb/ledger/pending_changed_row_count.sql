-- pending_changed_row_count: how many rows of a table a consumer lacks. ?1: the consumer
-- grain: one row · reads: core.{table}, meta.pending_runs · shipped: no
select count(*) as row_count
from core.{table}
where run_id in (select run_id from meta.pending_runs where consumer = ?1)
