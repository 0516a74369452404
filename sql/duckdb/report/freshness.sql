-- freshness: when each playlist last changed and was last looked at; the row of no playlist is that of everything.
select
    name as playlist_name,
    case when subject <> 'everything' then subject else '' end as playlist_id,
    last_run_id, last_run_at, last_proof_at, last_looked_at, last_changed_at,
    greatest(0, date_diff('day', last_changed_at, max(last_run_at) over ())) as unchanged_day_count
from operations.freshness
order by subject = 'everything' desc, unchanged_day_count desc, name
limit 13
