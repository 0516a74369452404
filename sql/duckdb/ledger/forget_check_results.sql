-- forget_check_results: makes room for what each check of a run found, where it is checked again. ?1: run
-- grain: none · reads: meta.check_results · shipped: no
delete from meta.check_results where run_id = ?
