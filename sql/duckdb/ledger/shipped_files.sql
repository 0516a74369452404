-- shipped_files: files of the runs that wrote any, oldest run first. A template, for another file of this folder that selects their
-- rowids (which_….sql)
-- grain: file · reads: meta.files, meta.runs · shipped: no
select
    run_id,
    started_at,
    manifest_key,
    "table",
    key,
    files.row_count,
    size_bytes,
    sha256,
    row_hash_sum,
    state,
    reason,
    updated_at,
    way,
    request_id,
    told_at,
    coalesce(verified_at, if(state = 'verified', updated_at, null)) as verified_at,
    unsettled_at is not null as is_unsettled
from meta.files as files
inner join meta.runs as runs using (run_id)
where manifest_key is not null and files.rowid in (
    {which}
)
order by run_id, files.rowid
