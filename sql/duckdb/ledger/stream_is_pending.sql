-- stream_is_pending: whether anything is noted that the stream is to be sent
-- grain: one row · reads: meta.pending_runs, meta.pending_gone_rows, meta.stream_gone · shipped: no
select
    exists (
        select 1
        from meta.pending_runs
        where consumer = '{stream}'
            and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
    )
    or exists (select 1 from meta.pending_gone_rows where consumer = '{stream}')
    or exists (from meta.stream_gone) as is_pending
