-- unship: makes every row this run's, so that all are checked and shipped again.
-- grain: that of the table · reads: core.{table} · shipped: yes
-- A template like merge.sql.
update core.{table}
set run_id = getvariable('run_id'), extracted_at = getvariable('extracted_at')::timestamp;
