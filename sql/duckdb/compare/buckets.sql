-- buckets: count and checksum of each 256th of a table, by the first byte of the key's md5.
-- grain: bucket · reads: staging.canonical_{table} · shipped: no · twin: snowflake/compare/buckets.sql
select
    md5(row_key)[:2] as bucket,
    count(*) as row_count,
    sum(staging.row_hash(content))::varchar as content_hash_sum
from staging.canonical_{table}
group by bucket
order by bucket;
