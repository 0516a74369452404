-- sent_files: the files that were brought to the bucket, oldest run first
-- grain: file · reads: meta.files · shipped: no
select "table", key, state
from meta.files
where state not in ('exported', 'superseded')
order by run_id, rowid
