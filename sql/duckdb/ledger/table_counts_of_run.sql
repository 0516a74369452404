-- table_counts_of_run: what was counted when a run was exported. ?1: the run
-- grain: table · reads: meta.table_counts · shipped: no
select "table", row_count, changed_row_count
from meta.table_counts
where run_id = ?1
order by rowid
