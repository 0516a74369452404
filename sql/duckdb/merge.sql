-- merge: brings next_{table} into core.{table}; a row whose hash did not change is not touched, so it is not shipped again.
-- grain: {key} · reads: next_{table} · shipped: yes · guarded by: {table}__key_is_unique
-- A template: {table} and {key} come from the closed list of tables; {stored} is what of the table can have keys of next_{table}, and
-- {again} is what of next_{table} can have keys of the table. Delete and insert, not update: no index to keep. A temporary table,
-- because its size is known: guessing, DuckDB hashes the long side.
create or replace temp table replaced_rows as
select stored.rowid as stored_rowid
from {stored} as stored
inner join {again} as next using ({key})
where stored.row_hash is distinct from next.row_hash;

delete from core.{table}
where rowid in (select stored_rowid from replaced_rows);

-- What is left under a key of next_{table} is unchanged.
insert into core.{table} by name
select
    next.*,
    getvariable('run_id') as run_id,
    getvariable('extracted_at')::timestamp as extracted_at
from next_{table} as next
anti join {stored} as stored using ({key});
