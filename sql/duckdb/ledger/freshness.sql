-- freshness: when a run last ended in each way that counts as well, whether every file ever sent is proven, and when the first run began
-- grain: one row · reads: meta.runs, meta.files · shipped: no
with proven as (
    select not exists (
        select 1 from meta.files where state not in ('verified', 'superseded')
    ) as is_every_file_proven
)

select
    -- One that proved its own files while older ones stood wrong counts when those are mended.
    max(finished_at) filter (
        status = 'verified' and (
            is_every_file_proven
            or coalesce(report -> 'verification' ->> 'verdict', '') not in ('failed', 'mismatch')
        )
    ) as verified_at,
    -- A stage alone that found nothing to do asked no source: it is no news that there is none.
    max(finished_at) filter (
        status = 'unchanged' and source is distinct from 'what is landed'
    ) as unchanged_at,
    max(finished_at) filter (status in ('exported', 'uploaded')) as exported_at,
    any_value(is_every_file_proven) as is_every_file_proven,
    min(started_at) as first_started_at
from proven
left join meta.runs on true
