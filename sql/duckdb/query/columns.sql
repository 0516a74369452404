-- The columns of the table or view ?1, with or without its schema, each with its type and what it means.
select
    schema_name as schema, table_name as "table", column_name as "column", data_type as type,
    comment as description
from duckdb_columns()
where
    not internal
    and lower(?1) in (lower(table_name), lower(schema_name || '.' || table_name))
order by schema_name, table_name, column_index
