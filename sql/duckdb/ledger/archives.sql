-- archives: the runs that wrote an archive, oldest first
-- grain: run · reads: meta.runs · shipped: no
select run_id, archive_key
from meta.runs
where archive_key is not null
order by run_id
