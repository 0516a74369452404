-- rows: the current rows of some keys; content is the business columns in order, joined with U+001F.
-- grain: row_key · reads: staging.canonical_{table} · ?1: the keys, a JSON array · shipped: no
-- twin: snowflake/compare/rows.sql
select
    row_key,
    content,
    run_id,
    strftime(extracted_at, '%Y-%m-%dT%H:%M:%S.%f') as extracted_at,
    is_unshipped
from staging.canonical_{table}
where row_key in (select unnest(json_transform(?, '["VARCHAR"]')))
order by row_key;
