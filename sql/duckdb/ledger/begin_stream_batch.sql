-- begin_stream_batch: notes what is about to be sent. ?1: the run, ?2: the table, ?3: events, ?4: tombstones among them,
-- ?5: the sum of the hashes, ?6: now
-- grain: batch · reads: meta.stream_batches · shipped: no
insert into meta.stream_batches by name
select
    coalesce((select max(batch) from meta.stream_batches), 0) + 1 as batch,
    ?1 as run_id,
    ?2 as "table",
    ?3::bigint as event_count,
    ?4::bigint as delete_count,
    ?5 as row_hash_sum,
    'sending' as state,
    ?6::timestamp as begun_at
returning batch
