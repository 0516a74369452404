-- end_run: ends a run; one that is verified stays so. ?1: status · ?2: report · ?3: now · ?4: the run
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set
    status = case when status = 'verified' then status else ?1 end,
    report = ?2,
    finished_at = ?3::timestamp
where run_id = ?4
