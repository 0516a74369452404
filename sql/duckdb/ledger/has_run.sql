-- has_run: whether the ledger knows a run. ?1: run
-- grain: one row · reads: meta.runs · shipped: no
select count(*) > 0 as is_known from meta.runs where run_id = ?
