-- begin_run: notes a run that begins. ?1: run · ?2: source · ?3: now · ?4: whether it ships every row
-- grain: none · reads: nothing · shipped: no
insert into meta.runs by name
select ?1 as run_id, ?2 as source, ?3::timestamp as started_at, 'running' as status, ?4 as is_full, true as renews_times
