-- differing_keys: the keys of {table} of which the stream does not hold what it was sent. ?1: the batches, a JSON array
-- grain: key · reads: read_{table}, meta.stream_rows, core.{table} · shipped: no · guarded by: tests/suite/stream
with missing as (
    select sent.batch, sent.key_hash
    from meta.stream_rows as sent
    anti join read_{table} as found
        on found.batch = sent.batch
        and found.key_hash = sent.key_hash
        and found.row_hash is not distinct from sent.row_hash
    where sent."table" = '{table}'
        and sent.batch in (select unnest(json_transform(?1, '["BIGINT"]')))
)

select key_json
from read_{table}
where not is_told_right or stated_hash is distinct from row_hash
union
select {key_json} as key_json
from core.{table}
where staging.key_hash({key_json}) in (select key_hash from missing)
order by key_json
limit 100;
