-- files_of_erasure: the files of a run that are to be erased. ?1: the run
-- grain: file · reads: meta.files · shipped: no
select "table", key
from meta.files
where run_id = ?1 and forgotten_at is not null and erased_at is null
order by rowid
