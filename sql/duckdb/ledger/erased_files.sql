-- erased_files: the keys of a table's files that are to be nowhere any more. ?1: the table
-- grain: file · reads: meta.files · shipped: no
select key
from meta.files
where "table" = ?1 and forgotten_at is not null
order by run_id, rowid
