-- has_rows_to_ship: whether a table has rows of a run, or rows that no run has shipped. ?1: the run
-- grain: one row · reads: core.{table} · shipped: no
select
    exists (from core.{table} where run_id = ?1)
    or exists (from staging.unshipped_{table}) as has_rows
