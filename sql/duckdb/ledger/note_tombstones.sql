-- note_tombstones: notes that the stream was sent the tombstones of a batch. ?1: the batch, ?2: the key before it, ?3: its last key
-- grain: none · reads: gone_from_{table} · shipped: no
update meta.stream_rows
set row_hash = null, batch = ?1::bigint
where "table" = '{table}' and key_hash in (
    select key_hash
    from gone_from_{table}
    where key_json > ?2 and key_json <= ?3
)
