-- unfinished_run: the latest run that the next command goes on with. ?1: source or NULL · ?2: whether it ships · ?3: since when an
-- exported run is worth going on with · ?4: whether it ships every row, and so goes on with no export of fewer
-- grain: one row or none · reads: meta.runs · shipped: no
select run_id, started_at
from meta.runs
where status = 'running'
    and is_over is not true
    and source = coalesce(?1, source)
    and (exported_at is null or (?2 and started_at > ?3::timestamp and (is_full or not ?4)))
order by run_id desc
limit 1
