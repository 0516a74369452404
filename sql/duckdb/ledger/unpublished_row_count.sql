-- unpublished_row_count: how many rows of a table the published file does not know yet
-- grain: one row · reads: core.{table}, meta.unpublished_runs · shipped: no
select count(*) as row_count
from core.{table}
where run_id in (select run_id from meta.unpublished_runs)
