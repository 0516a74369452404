-- origins_of_runs: what the rows in some runs' files say of where they come from, `run time`. ?1: the runs, a JSON array
-- A run's files hold whatever was not shipped when it was exported, so rows of earlier runs, too; those of a run that wrote other files'
-- rows anew hold what these held.
-- grain: run and run with rows in its files · reads: meta.runs, meta.rewritten_origins · shipped: no
select
    exported.run_id,
    shipped.run_id || ' ' || strftime(shipped.started_at, '%Y-%m-%dT%H:%M:%S.%f') as origin
from meta.runs as exported
inner join meta.runs as shipped
    on exported.run_id = shipped.run_id or exported.exported_at = shipped.exported_at
where exported.run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
union
select run_id, origin
from meta.rewritten_origins
where run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
