-- as_of: when the run began that read the data last.
-- grain: none · reads: meta.runs of the ledger · shipped: no
select strftime(max(started_at), '%Y-%m-%d %H:%M:%S UTC')
from work.meta.runs
