-- proof: what was read back of each batch of {table}, with the hash that its columns have now.
-- grain: event · reads: found_events, meta.stream_batches · shipped: no · guarded by: tests/suite/stream
create or replace temp table read_{table} as
select
    batch,
    event_id,
    key_json,
    is_delete,
    is_told_right,
    staging.key_hash(key_json) as key_hash,
    stated_hash,
    case when not is_delete then staging.hash_number(staging.{table}_hash({columns_of_json})) end as row_hash
from (
    select distinct found_events.*
    from found_events
    semi join (from meta.stream_batches where "table" = '{table}') as sent using (batch)
);
