-- findings: the latest checks that did not pass.
with latest as (
    select max(run_id) as run_id from operations.checks
)

select checks.run_id, checks.check, checks.severity, checks.offending_row_count
from operations.checks as checks
inner join latest on latest.run_id = checks.run_id
where checks.status <> 'pass'
order by checks.severity, checks.offending_row_count desc, checks.check
limit 20
