-- pending_gone_row_count: how many rows went that a consumer still has. ?1: the consumer
-- grain: one row · reads: meta.pending_gone_rows · shipped: no
select count(*) as row_count
from meta.pending_gone_rows
where consumer = ?1
