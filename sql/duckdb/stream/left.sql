-- left: how many rows of {table} the ledger knows as sent that are no rows any more, and not as a tombstone
-- grain: one row · reads: meta.stream_rows, core.{table} · shipped: no
select count(*) as row_count
from meta.stream_rows as sent
anti join (select staging.key_hash({key_json}) as key_hash from core.{table}) as stored using (key_hash)
where sent."table" = '{table}' and sent.row_hash is not null;
