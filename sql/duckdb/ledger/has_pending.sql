-- has_pending: whether a consumer may lack anything. ?1: the consumer
-- grain: one row · reads: meta.pending_runs, meta.pending_gone_rows · shipped: no
select
    exists (from meta.pending_runs where consumer = ?1)
    or exists (from meta.pending_gone_rows where consumer = ?1) as has_pending
