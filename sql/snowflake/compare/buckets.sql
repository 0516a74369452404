-- buckets: count and checksum of each 256th of a table, by the first byte of the key's md5.
-- grain: bucket · reads: current/{table}.sql on the landing table · twin: duckdb/compare
with current_rows as (
    {canonical_rows}
)

select
    left(md5(row_key), 2) as bucket,
    count(*) as row_count,
    to_varchar(sum(md5_number_upper64(content))) as content_hash_sum
from current_rows
group by left(md5(row_key), 2)
order by bucket;
