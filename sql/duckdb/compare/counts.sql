-- counts: the current rows of one table and their checksum.
-- grain: one row · reads: staging.canonical_{table} · shipped: no · twin: snowflake/compare/counts.sql
select
    count(*) as row_count,
    coalesce(sum(staging.row_hash(content)), 0)::varchar as content_hash_sum
from staging.canonical_{table};
