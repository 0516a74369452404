-- checks: what the latest checks found, by table.
with latest as (
    select max(run_id) as run_id from operations.checks
)

select
    split_part(checks.check, '__', 1) as table_name,
    count(*) filter (where checks.status = 'pass') as pass_count,
    count(*) filter (where checks.status <> 'pass' and checks.severity = 'warn') as warning_count,
    count(*) filter (where checks.status <> 'pass' and checks.severity <> 'warn') as error_count,
    sum(checks.offending_row_count)::bigint as offending_row_count
from operations.checks as checks
inner join latest on latest.run_id = checks.run_id
group by table_name
order by table_name
limit 40
