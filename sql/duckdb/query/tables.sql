-- The tables and views of a file, each with what it is.
select schema_name as schema, table_name as "table", 'table' as kind, comment as description
from duckdb_tables()
where not internal
union all
select schema_name, view_name, 'view', comment
from duckdb_views()
where not internal
order by "schema", "table"
