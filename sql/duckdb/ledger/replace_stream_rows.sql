-- replace_stream_rows: takes out what the stream was sent before of the rows of a batch. ?1: before its first row, ?2: its last row
-- grain: none · reads: lacking_{table} · shipped: no
delete from meta.stream_rows
where "table" = '{table}' and key_hash in (
    select key_hash
    from lacking_{table}
    where was_sent and stored_rowid > ?1 and stored_rowid <= ?2
)
