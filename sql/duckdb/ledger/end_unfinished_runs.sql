-- end_unfinished_runs: ends the runs that another takes the place of. ?1: whether that one is about rows of its own
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set status = 'superseded'
where status = 'running' and exported_at is null and not ?1
