-- keys: each key of some buckets, with its row's checksum.
-- grain: row_key · reads: current/{table}.sql on the landing table · ?1: the buckets, a JSON array · twin: duckdb/compare
with current_rows as (
    {canonical_rows}
)

select
    row_key,
    to_varchar(md5_number_upper64(content)) as content_hash
from current_rows
where array_contains(left(md5(row_key), 2)::variant, parse_json(?))
order by row_key;
