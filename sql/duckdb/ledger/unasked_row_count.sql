-- unasked_row_count: how many current rows of a table stand only in files that nothing asks about any more. ?1: the table
-- grain: one row · reads: core.{table}, meta.files, meta.runs, meta.rewritten_origins · shipped: no
-- A repair ships the rows that were wrong and settles the whole file they stood in.
select count(*) as row_count
from core.{table}
where run_id in (
    select together.run_id
    from meta.files
    inner join meta.runs as exported on files.run_id = exported.run_id
    inner join meta.runs as together
        on exported.run_id = together.run_id or exported.exported_at = together.exported_at
    where files."table" = ?1 and files.state = 'superseded'
)
and run_id not in (select split_part(origin, ' ', 1) from meta.rewritten_origins)
