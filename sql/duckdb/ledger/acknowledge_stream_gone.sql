-- acknowledge_stream_gone: notes that the stream has the tombstone of every row that went
-- grain: none · reads: meta.pending_gone_rows, meta.pending_runs · shipped: no
delete from meta.pending_gone_rows
where consumer = '{stream}'
    and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
