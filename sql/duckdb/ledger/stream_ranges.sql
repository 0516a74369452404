-- stream_ranges: where the acknowledged batches of a table lie in the stream. ?1: the table
-- grain: batch · reads: meta.stream_batches · shipped: no
select batch, ranges, acknowledged_at
from meta.stream_batches
where "table" = ?1 and state = 'acknowledged'
order by batch
