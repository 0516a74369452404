-- sent_companions: manifests and archives that were brought to the bucket beside files that nothing replaced, oldest run first, and
-- whether a file of the run is not known to have arrived
-- grain: run, what it is · reads: meta.runs, meta.files · shipped: no
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
),

sent as (
    select files.run_id, bool_or(files.state <> 'verified') as is_awaited
    from meta.files as files
    left join replaced on files."table" = replaced."table"
    where files.state not in ('exported', 'superseded') and files.run_id >= coalesce(replaced.run_id, '')
    group by files.run_id
),

companions as (
    select run_id, 'manifest' as what, manifest_key as key
    from meta.runs
    where manifest_key is not null
    union all
    select run_id, 'archive' as what, archive_key as key
    from meta.runs
    where archive_key is not null
)

select companions.run_id, companions.what, companions.key, sent.is_awaited
from companions
inner join sent on companions.run_id = sent.run_id
order by companions.run_id, companions.what desc
