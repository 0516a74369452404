-- note_stream_rows: notes what the stream was sent in a batch. ?1: the batch, ?2: before its first row, ?3: its last row
-- grain: {key} · reads: lacking_{table} · shipped: no
insert into meta.stream_rows by name
select '{table}' as "table", key_hash, row_hash, ?1::bigint as batch
from lacking_{table}
where stored_rowid > ?2 and stored_rowid <= ?3
