-- forget_check_failures: makes room for the rows that the checks of a run found, where it is checked again. ?1: run
-- grain: none · reads: meta.check_failures · shipped: no
delete from meta.check_failures where run_id = ?
