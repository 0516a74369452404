-- old_findings: runs whose counts, and what their checks passed, nothing asks for any more, into a temporary table. ?1: older than this ·
-- ?2: the states in which a file has arrived, a JSON array
-- grain: run · reads: meta · shipped: no · guarded by: tests/suite/operate/prune.rs
create or replace temp table old_findings as
select run_id
from meta.runs
where finished_at < ?1::timestamp
    and exported_at is not null
    and status in ('unchanged', 'exported', 'uploaded', 'verified', 'superseded')
    -- The next run is compared with the newest.
    and run_id <> (select max(run_id) from meta.runs where exported_at is not null)
    and run_id not in (
        select run_id from meta.files
        where state not in (select unnest(json_transform(?2, '["VARCHAR"]')))
    )
    and (
        run_id in (select run_id from meta.table_counts)
        or run_id in (select run_id from meta.check_results where status = 'pass')
    )
