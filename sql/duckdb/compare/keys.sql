-- keys: each key of some buckets, with its row's checksum.
-- grain: row_key · reads: staging.canonical_{table} · ?1: the buckets, a JSON array · shipped: no
-- twin: snowflake/compare/keys.sql
select
    row_key,
    staging.row_hash(content)::varchar as content_hash
from staging.canonical_{table}
where md5(row_key)[:2] in (select unnest(json_transform(?, '["VARCHAR"]')))
order by row_key;
