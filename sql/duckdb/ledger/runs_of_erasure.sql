-- runs_of_erasure: the runs of which a file is to be erased
-- grain: run · reads: meta.files, meta.runs · shipped: no
select run_id, started_at, manifest_key
from meta.runs
where manifest_key is not null
    and run_id in (select run_id from meta.files where forgotten_at is not null and erased_at is null)
order by run_id
