-- The analysts' schemas that a file has, in the order in which a name without its schema is looked up; NULL where it has none.
select string_agg(schema_name, ',' order by position)
from (
    select schema_name, list_position(['core', 'marts', 'operations', 'features'], schema_name) as position
    from duckdb_schemas()
    where database_name = current_database()
) as named
where position is not null
