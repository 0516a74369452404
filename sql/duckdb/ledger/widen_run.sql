-- widen_run: notes that a run which is gone on with ships every row. ?1: the run · ?2: whether it is asked to
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set is_full = true
where run_id = ?1 and ?2 and exported_at is null
