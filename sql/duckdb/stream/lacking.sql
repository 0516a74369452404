-- lacking: the rows of core.{table} that the stream is to be sent: those whose row_hash is new to it.
-- grain: {key} · reads: core.{table}, meta.pending_runs, meta.stream_rows · shipped: no · guarded by: tests/suite/stream
-- A template, like merge.sql. What the gate has not passed is pending for the lake, too.
create or replace temp table lacking_{table} as
with changed as (
    select
        rowid as stored_rowid,
        staging.key_hash({key_json}) as key_hash,
        staging.hash_number(row_hash) as row_hash
    from core.{table}
    where {is_candidate}
        and run_id not in (select run_id from meta.pending_runs where consumer = '{lake}')
)

-- A join, so that DuckDB hashes the shorter side: what changed, or what was sent.
select
    changed.stored_rowid,
    changed.key_hash,
    changed.row_hash,
    sent.key_hash is not null as was_sent
from changed
left join (from meta.stream_rows where "table" = '{table}') as sent on sent.key_hash = changed.key_hash
where sent.row_hash is distinct from changed.row_hash
order by changed.stored_rowid;
