-- origins_of_runs: what the rows in some runs' files say of where they come from, `run time`. ?1: the runs, a JSON array
-- A run's files hold whatever was not shipped when it was exported, so rows of earlier runs, too; those of a run that wrote other files'
-- rows anew hold what these held.
-- grain: run and run with rows in its files · reads: meta.runs, meta.files, meta.rewritten_origins · shipped: no
select
    exported.run_id,
    shipped.run_id || ' ' || strftime(shipped.started_at, '%Y-%m-%dT%H:%M:%S.%f') as origin
from meta.runs as exported
inner join meta.runs as shipped
    on exported.run_id = shipped.run_id or exported.exported_at = shipped.exported_at
where exported.run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
union
-- An earlier version gave a row that it shipped again, all of them or those of a lost file, the run's id and left it its old time.
select
    exported.run_id,
    shipped.run_id || ' ' || strftime(earlier.started_at, '%Y-%m-%dT%H:%M:%S.%f') as origin
from meta.runs as exported
inner join meta.runs as shipped
    on exported.run_id = shipped.run_id or exported.exported_at = shipped.exported_at
inner join meta.runs as earlier on shipped.started_at > earlier.started_at
where
    shipped.renews_times is null
    and (shipped.is_full or earlier.run_id in (select run_id from meta.files where lost_at is not null))
    and exported.run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
union
select run_id, origin
from meta.rewritten_origins
where run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
