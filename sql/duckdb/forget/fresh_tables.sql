-- fresh_tables: the tables that a fresh work file has, and the old one too
-- grain: table · reads: duckdb_tables() · shipped: no
select fresh.schema_name, fresh.table_name
from duckdb_tables() as fresh
semi join (from duckdb_tables() where database_name = 'work') as work
    on work.schema_name = fresh.schema_name and work.table_name = fresh.table_name
where fresh.database_name = 'fresh'
order by fresh.schema_name, fresh.table_name
