-- adopt_read: makes the unfinished read of an earlier run this run's. ?1: run · ?2: read
-- grain: none · reads: meta.reads · shipped: no
update meta.reads set run_id = ? where read_id = ?
