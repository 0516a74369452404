-- purge_table: takes out of core.{table} what goes, and puts in what changes. A template, once per table
-- grain: {key} · reads: rows/{table}.sql · shipped: yes · guarded by: {table}__row_hash_is_right
create or replace temp table touched_rows as
from (
    {rows}
)
where is_gone or is_changed;

delete from core.{table}
where ({key}) in (select ({key}) from touched_rows);

insert into core.{table} by name
select * exclude (is_gone, is_changed)
from touched_rows
where not is_gone;

drop table touched_rows;
