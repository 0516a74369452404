-- publish: brings the rows of core.{table} that changed since the published file was written into a copy of that file.
-- grain: {key} · reads: core.{table}, meta.pending_runs · shipped: no · guarded by: published/next_version.rs, by the counts
-- A template: {table} and {key} come from the closed list of tables, and {changed} is what of the table can have been published
-- in an earlier version. A temporary table, because its size is known: guessing, DuckDB hashes the long side.
create or replace temp table replaced_rows as
select stored.rowid as stored_rowid
from published.core.{table} as stored
inner join {changed} as changed using ({key})
where changed.run_id in (select run_id from meta.pending_runs where consumer = '{published}');

delete from published.core.{table}
where rowid in (select stored_rowid from replaced_rows);

insert into published.core.{table} by name
from core.{table}
where run_id in (select run_id from meta.pending_runs where consumer = '{published}');
