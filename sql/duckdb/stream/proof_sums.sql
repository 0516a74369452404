-- proof_sums: each batch that was sent of {table}, and what of it was read back.
-- grain: batch · reads: meta.stream_batches, meta.stream_rows, read_{table} · shipped: no · guarded by: tests/suite/stream
with found as (
    select
        batch,
        count(*) as event_count,
        sum(coalesce(row_hash, 0)::hugeint) as row_hash_sum
    from read_{table}
    group by batch
),

current_rows as (
    select batch, count(*) as row_count
    from meta.stream_rows
    where "table" = '{table}'
    group by batch
)

select
    sent.batch,
    sent.event_count,
    coalesce(found.event_count, 0) as found_count,
    coalesce(found.row_hash_sum, 0)::varchar = sent.row_hash_sum as has_same_sum,
    greatest(sent.event_count - coalesce(current_rows.row_count, 0), 0) as superseded_count
from meta.stream_batches as sent
left join found using (batch)
left join current_rows using (batch)
where sent."table" = '{table}' and sent.state = 'acknowledged'
order by sent.batch;
