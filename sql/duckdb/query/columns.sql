-- The columns of the table or view $table, with or without its schema, each with its type and what it means.
select
    schema_name as schema, table_name as "table", column_name as "column", data_type as type,
    comment as description
from duckdb_columns()
where
    not internal
    and lower($table) in (lower(table_name), lower(schema_name || '.' || table_name))
order by schema_name, table_name, column_index
