-- prune_findings: deletes what old runs counted and what their checks passed; what failed stays
-- grain: none · reads: old_findings · shipped: no · guarded by: tests/suite/operate/prune.rs
delete from meta.check_results
where status = 'pass' and run_id in (select run_id from old_findings);

delete from meta.table_counts
where run_id in (select run_id from old_findings)
