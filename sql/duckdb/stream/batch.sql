-- batch: the rows of a batch as they are sent. ?1: the row before it, ?2: its last row
-- grain: {key} · reads: core.{table}, lacking_{table} · shipped: no · guarded by: tests/suite/stream
-- A template. Where every row in between is lacking nothing is joined: in a trial of ten batches the join took as long as all else here.
select
    {key_json} as key_json,
    {value_json} as value_json,
    stored.run_id,
    stored.row_hash::varchar as row_hash
from core.{table} as stored
where stored.rowid > ?1 and stored.rowid <= ?2
    and {is_lacking}
order by stored.rowid;
