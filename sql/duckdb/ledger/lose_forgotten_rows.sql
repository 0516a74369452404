-- lose_forgotten_rows: takes out what the stream was sent of {table} that is no row any more, tombstones among them
-- grain: none · reads: core.{table} · shipped: no
delete from meta.stream_rows
where "table" = '{table}' and (
    row_hash is null
    or key_hash not in (select staging.key_hash({key_json}) from core.{table})
)
