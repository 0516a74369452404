-- runs_by_day: how the runs ended, for the last 60 days with one.
select
    started_at::date as started_on,
    count(*) filter (where status in ('verified', 'unchanged', 'ingested', 'uploaded', 'exported')) as good_count,
    count(*) filter (where status in ('refused', 'failed')) as bad_count,
    count(*) as run_count
from operations.runs
group by started_on
order by started_on desc
limit 60
