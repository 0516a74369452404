-- has_settings: whether the attached file has a table of settings
-- grain: one row · reads: duckdb_tables() · shipped: no
select count(*) > 0 as has_settings
from duckdb_tables()
where database_name = 'work' and schema_name = 'meta' and table_name = 'settings'
