-- counts: the current rows of one table and their checksum; equal on both sides means that the table is.
-- grain: one row · reads: current/{table}.sql on the landing table, because a dynamic table lags · twin: duckdb/compare
with current_rows as (
    {canonical_rows}
)

select
    count(*) as row_count,
    coalesce(to_varchar(sum(md5_number_upper64(content))), '0') as content_hash_sum
from current_rows;
