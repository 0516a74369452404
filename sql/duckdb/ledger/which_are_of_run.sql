-- which_are_of_run: the files of a run, but for those that cannot arrive. ?1: the run
-- grain: file · reads: meta.files · shipped: no
select rowid
from meta.files
where run_id = ?1 and lost_at is null
