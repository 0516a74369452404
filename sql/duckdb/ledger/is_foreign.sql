-- is_foreign: whether the attached file has tables, and none of ours among them
-- grain: one row · reads: duckdb_tables() · shipped: no
select count(*) > 0 and not bool_or(schema_name = 'meta' and table_name = 'runs') as is_foreign
from duckdb_tables()
where database_name = 'work'
