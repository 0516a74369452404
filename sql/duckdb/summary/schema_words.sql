-- schema_words: what the work file's catalog says of itself, a line for each table and view. (To list the macros takes DuckDB longer
-- than to make them.)
-- grain: none · reads: the catalog · shipped: no · guarded by: tests/suite/small_libraries.rs
select words
from (
    select schema_name || '.' || table_name || ' ' || sql as words
    from duckdb_tables()
    where database_name = 'work'
    union all
    select schema_name || '.' || view_name || ' ' || sql
    from duckdb_views()
    where database_name = 'work' and not internal
)
order by words
