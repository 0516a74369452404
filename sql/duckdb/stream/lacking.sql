-- lacking: the rows of core.{table} that the stream is to be sent: those whose row_hash is new to it.
-- grain: {key} · reads: core.{table}, meta.pending_runs, meta.stream_rows · shipped: no · guarded by: tests/suite/stream
-- A template, like merge.sql. What the gate has not passed is pending for the lake, too.
create or replace temp table lacking_{table} as
with changed as (
    select
        rowid as stored_rowid,
        md5_number_upper({key_json}) as key_hash,
        row_hash::ubigint as row_hash
    from core.{table}
    where {is_candidate}
        and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
),

sent as (
    select key_hash, row_hash
    from meta.stream_rows
    where "table" = '{table}'
)

select
    changed.stored_rowid,
    changed.key_hash,
    changed.row_hash,
    changed.key_hash in (select key_hash from sent) as was_sent
from changed
anti join sent using (key_hash, row_hash)
order by changed.stored_rowid;
