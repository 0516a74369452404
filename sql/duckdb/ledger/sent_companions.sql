-- sent_companions: manifests and archives that were brought to the bucket beside files that nothing replaced, oldest run first, and
-- whether a file of the run is not known to have arrived
-- grain: run, what it is · reads: meta.runs, meta.files · shipped: no
with sent as (
    select files.run_id, bool_or(files.state <> 'verified') as is_awaited
    from meta.files as files
    left join staging.replacing_runs as replacing on files."table" = replacing."table"
    where files.state not in ('exported', 'superseded') and files.run_id >= coalesce(replacing.run_id, '')
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
