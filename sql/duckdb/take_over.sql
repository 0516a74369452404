-- take_over: makes another run's rows this run's, so that they are checked and shipped again. ?1: the other run
-- grain: that of the table · reads: core.{table} · shipped: yes
-- A template like merge.sql.
update core.{table}
set run_id = getvariable('run_id'), extracted_at = getvariable('extracted_at')::timestamp
where run_id = ?1;
