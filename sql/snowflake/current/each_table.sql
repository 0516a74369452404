-- {table}: the newest row of each key. A table whose rows can go has a file of its own beside this one.
-- grain: {key} · reads: the landing table · used by: setup/300_dynamic_table.sql, compare/*.sql
-- A template, once per table
-- refresh: incremental
select
    {columns}, run_id, extracted_at, row_hash,
    _file_name, _file_row_number, _loaded_at
from {database}.{schema}.{table}
qualify
    row_number() over (
        partition by {key}
        order by extracted_at desc, _loaded_at desc, _file_name desc, _file_row_number desc
    ) = 1
