-- of_former: each table of features in the attached `former` file, and its columns behind it, with what is said of them.
-- grain: table, column · reads: the catalogue · shipped: no
with told as (
    select table_name as "table", null::varchar as "column", 0 as place, comment
    from duckdb_tables()
    where database_name = 'former' and schema_name = 'features'
    union all
    select table_name, column_name, column_index, comment
    from duckdb_columns()
    where database_name = 'former' and schema_name = 'features'
)

select "table", "column", comment
from told
order by "table", place
