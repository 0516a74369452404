-- is_exported: whether a run exported its rows itself. ?1: the run
-- grain: one row · reads: meta.runs · shipped: no
select count(*) > 0 as is_exported
from meta.runs
where run_id = ?1 and exported_at is not null and status not in ('refused', 'superseded')
