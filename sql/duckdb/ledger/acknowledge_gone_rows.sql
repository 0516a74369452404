-- acknowledge_gone_rows: notes that a consumer has no row that went. ?1: the consumer
-- grain: none · reads: meta.pending_gone_rows · shipped: no
delete from meta.pending_gone_rows
where consumer = ?1
