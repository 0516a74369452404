-- note_change: notes for every consumer that the run changed rows of core, in the transaction that changes them
-- grain: none · reads: meta.consumers, meta.pending_runs · shipped: no
insert into meta.pending_runs
select consumer, getvariable('run_id') as run_id from meta.consumers
except
from meta.pending_runs
