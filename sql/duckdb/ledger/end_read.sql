-- end_read: notes how a read ended. ?1: status · ?2: now · ?3: read
-- grain: none · reads: meta.reads · shipped: no
update meta.reads set status = ?, finished_at = ?::timestamp where read_id = ?
