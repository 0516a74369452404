-- lose_stream_batches: takes out batches of which nobody knows what arrived: their events are sent again, under the same ids
-- grain: none · reads: nothing · shipped: no
delete from meta.stream_batches
where state = 'sending'
