-- lost_files: files that never reached the bucket, and whose rows are in no newer one yet, oldest run first
-- grain: file · reads: meta.files · shipped: no
select key, run_id, "table", coalesce(reason, '') as reason
from meta.files
where lost_at is not null and state not in ('verified', 'superseded')
order by run_id, rowid
