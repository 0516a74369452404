-- acknowledge_runs: notes that a consumer has the rows of every run. ?1: the consumer
-- grain: none · reads: meta.pending_runs · shipped: no
delete from meta.pending_runs
where consumer = ?1
