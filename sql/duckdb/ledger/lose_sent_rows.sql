-- lose_sent_rows: notes that rows of some tables are to be sent again, whatever the stream was sent. ?1: the tables, a JSON array
-- grain: none · reads: nothing · shipped: no
update meta.stream_rows
set row_hash = 0, batch = null
where row_hash is not null
    and "table" in (select unnest(json_transform(?1, '["VARCHAR"]')))
