-- acknowledge_stream_runs: notes that the stream has every row that the gate has passed
-- grain: none · reads: meta.pending_runs · shipped: no
delete from meta.pending_runs
where consumer = '{stream}'
    and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
