-- sent_files: the files that were brought to the bucket and not replaced, oldest run first
-- grain: file · reads: meta.files, meta.runs · shipped: no
select files."table", files.key, files.state
from meta.files as files
left join staging.replacing_runs as replacing on files."table" = replacing."table"
where files.state not in ('exported', 'superseded') and files.run_id >= coalesce(replacing.run_id, '')
order by files.run_id, files.rowid
