-- check_results: what the checks of a run found, as they were made. ?1: the run
-- grain: check · reads: meta.check_results · shipped: no
select "check", severity, status, offending_row_count
from meta.check_results
where run_id = ?1
order by rowid
