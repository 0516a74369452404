-- acknowledge_stream_batch: notes that every event of a batch is in the stream. ?1: the batch, ?2: where, as JSON, ?3: now
-- grain: none · reads: nothing · shipped: no
update meta.stream_batches
set state = 'acknowledged', ranges = ?2, acknowledged_at = ?3::timestamp
where batch = ?1
