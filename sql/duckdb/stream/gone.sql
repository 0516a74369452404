-- gone: the keys of {table} that the stream holds a row of, and that are no more: each is sent as a tombstone.
-- grain: key · reads: meta.pending_gone_rows, meta.stream_gone, meta.stream_rows, core.{table} · shipped: no
-- guarded by: tests/suite/stream
create or replace temp table gone_from_{table} as
with gone as (
    select {gone_key_json} as key_json, run_id
    from meta.pending_gone_rows
    where consumer = '{stream}'
        and "table" = '{table}'
        and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
    union all
    select key_json, run_id
    from meta.stream_gone
    where "table" = '{table}'
),

by_key as (
    select
        key_json,
        staging.key_hash(key_json) as key_hash,
        max(run_id) as run_id
    from gone
    group by key_json
)

select by_key.*
from by_key
semi join (from meta.stream_rows where "table" = '{table}' and row_hash is not null) as sent using (key_hash)
anti join (select staging.key_hash({key_json}) as key_hash from core.{table}) as stored using (key_hash)
order by by_key.key_json;
