-- settled_rows_of_runs: whose rows of a table may stand in files that were settled, and which run's files these are. ?1: the table ·
-- ?2: the run that is asked about, or NULL
-- grain: run of files and run of rows · reads: meta.files, meta.runs · shipped: no
-- What runs left behind that were exported together stands in the files of the last of them. A file that never reached the bucket, or
-- in which somebody is forgotten, has its rows in a newer one.
select distinct
    files.run_id as file_run_id,
    together.run_id as row_run_id
from meta.files
inner join meta.runs as exported on files.run_id = exported.run_id
inner join meta.runs as together
    on exported.run_id = together.run_id or exported.exported_at = together.exported_at
where files."table" = ?1
    -- Also one that is wrong since: its table still vouches for it, and not its own count.
    and (files.state = 'superseded' or (files.state = 'mismatch' and files.unsettled_at is not null))
    and files.lost_at is null
    and files.forgotten_at is null
    and files.run_id = coalesce(?2, files.run_id)
