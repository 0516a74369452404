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
)

select
    gone.key_json,
    md5_number_upper(gone.key_json) as key_hash,
    max(gone.run_id) as run_id
from gone
anti join (select {key_json} as key_json from core.{table}) as stored using (key_json)
where md5_number_upper(gone.key_json) in (
    select key_hash
    from meta.stream_rows
    where "table" = '{table}' and row_hash is not null
)
group by gone.key_json
order by gone.key_json;
