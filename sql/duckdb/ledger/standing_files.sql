-- standing_files: the files that are not proven, and that nothing has replaced: how many of each table are in each state, whose the
-- first of them is, and since when the one stands that waits longest
-- grain: table, state · reads: meta.files · shipped: no
select
    "table",
    state,
    count(*) as file_count,
    min(run_id) as first_run_id,
    min(coalesce(told_at, updated_at)) as since
from meta.files
where state not in ('verified', 'superseded')
group by "table", state
order by first_run_id, "table", state
