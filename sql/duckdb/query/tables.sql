-- The tables and views of a file, each with what it is. `meta` says where rows come from: it is no analyst's, as in the search path.
select schema_name as schema, table_name as "table", 'table' as kind, comment as description
from duckdb_tables()
where not internal and schema_name <> 'meta'
union all
select schema_name, view_name, 'view', comment
from duckdb_views()
where not internal
order by "schema", "table"
