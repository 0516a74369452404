-- stream_standing: the stream, what it was sent, and since when it lacks something
-- grain: one row · reads: meta.streams, meta.stream_batches, meta.pending_runs, meta.runs · shipped: no
select
    streams.address,
    coalesce(sum(batches.event_count) filter (batches.state = 'acknowledged'), 0)::bigint as acknowledged_count,
    max(batches.acknowledged_at) as acknowledged_at,
    (
        select min(runs.started_at)
        from meta.pending_runs as pending
        inner join meta.runs as runs using (run_id)
        where pending.consumer = '{stream}'
            and pending.run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
    ) as lacks_since
from meta.streams as streams
left join meta.stream_batches as batches on true
group by streams.address
