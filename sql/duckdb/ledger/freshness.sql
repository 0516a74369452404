-- freshness: when a run last ended in each way that counts as well, whether every file ever sent is proven, and when the first run began
-- grain: one row · reads: meta.runs, meta.files · shipped: no
select
    max(finished_at) filter (status = 'verified') as verified_at,
    max(finished_at) filter (status = 'unchanged') as unchanged_at,
    max(finished_at) filter (status in ('exported', 'uploaded')) as exported_at,
    not exists (
        select 1 from meta.files where state not in ('verified', 'superseded')
    ) as is_every_file_proven,
    min(started_at) as first_started_at
from meta.runs
