-- batch: the rows of a batch as they are sent. ?1: the row before it, ?2: its last row
-- grain: {key} · reads: core.{table}, lacking_{table} · shipped: no · guarded by: tests/suite/stream
select
    {key_json} as key_json,
    {value_json} as value_json,
    stored.run_id,
    stored.row_hash::varchar as row_hash
from core.{table} as stored
semi join (from lacking_{table} where stored_rowid > ?1 and stored_rowid <= ?2) as lacking
    on lacking.stored_rowid = stored.rowid
where stored.rowid > ?1 and stored.rowid <= ?2
order by stored.rowid;
