-- findings_by_run: offending rows that the checks of each run found, for the last 60 runs that checked.
select
    checks.run_id,
    max(runs.started_at) as started_at,
    sum(checks.offending_row_count) filter (where checks.severity = 'warn')::bigint as warning_row_count,
    sum(checks.offending_row_count) filter (where checks.severity <> 'warn')::bigint as error_row_count
from operations.checks as checks
left join operations.runs as runs on runs.run_id = checks.run_id
group by checks.run_id
order by checks.run_id desc
limit 60
