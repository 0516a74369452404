-- severity: warn
-- why: nothing was read by this run, and the last complete read is more than 36 hours old
-- row: last read at <last_read_at>
-- table: playlists
select max(finished_at) as last_read_at, getvariable('extracted_at')::timestamp as extracted_at
from meta.reads
where status = 'complete' and entity <> 'genres'
having max(finished_at) < getvariable('extracted_at')::timestamp - interval 36 hours
    and count(*) filter (run_id = getvariable('run_id') or transformed_in = getvariable('run_id')) = 0
