-- sent_files: the files that were brought to the bucket and not replaced, oldest run first
-- grain: file · reads: meta.files, meta.runs · shipped: no
-- What a run that shipped every row has proven took the place of all that was sent of the table before it.
with replaced as (
    select "table", max(run_id) as run_id
    from (
        select files."table", files.run_id
        from meta.files as files
        inner join meta.runs as runs using (run_id)
        where runs.is_full
        group by files."table", files.run_id
        having bool_and(files.state = 'verified')
    )
    group by "table"
)

select files."table", files.key, files.state
from meta.files as files
left join replaced on files."table" = replaced."table"
where files.state not in ('exported', 'superseded') and files.run_id >= coalesce(replaced.run_id, '')
order by files.run_id, files.rowid
