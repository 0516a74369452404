-- lack_every_run: notes that a consumer which the ledger did not know lacks what every run made. ?1: the consumer
-- grain: none · reads: meta.runs · shipped: no
insert into meta.pending_runs
select ?1 as consumer, run_id
from meta.runs
