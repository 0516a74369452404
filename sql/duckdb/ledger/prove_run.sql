-- prove_run: notes what a verification proved of a run. ?1: status · ?2: report · ?3: now · ?4: the run
-- grain: none · reads: meta.runs · shipped: no
-- What is over stays so, with the report of who did it: only an open run is ended, and only a proof changes how a run ended.
update meta.runs
set
    status = ?1,
    report = coalesce(report, ?2),
    finished_at = coalesce(finished_at, ?3::timestamp)
where
    run_id = ?4
    and ?1 <> 'running'
    and (?1 = 'verified' or status = 'running')
    -- What other runs mended stays what it was.
    and not exists (select 1 from meta.files where files.run_id = ?4 and mended_by is not null)
