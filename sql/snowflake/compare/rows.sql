-- rows: the current rows of some keys, each business column as a text of its own, NULL where it is.
-- grain: row_key · reads: current/{table}.sql on the landing table · ?1: the keys, a JSON array · twin: duckdb/compare
with current_rows as (
    {current_rows}
)

select
    {row_key} as row_key,
    {column_values},
    run_id,
    to_varchar(extracted_at, 'YYYY-MM-DD"T"HH24:MI:SS.FF6') as extracted_at,
    _file_name as file_name
from current_rows
where array_contains(({row_key})::variant, parse_json(?))
order by row_key;
