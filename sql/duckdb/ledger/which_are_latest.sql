-- which_are_latest: files of the latest run that wrote any, and every other that is not known to have arrived
-- grain: file · reads: meta.files, meta.runs · shipped: no
select rowid
from meta.files
where lost_at is null
    and (
        state not in ('verified', 'superseded')
        or (state <> 'superseded' and run_id = (
            select max(run_id)
            from meta.files
            inner join meta.runs using (run_id)
            where lost_at is null and manifest_key is not null
        ))
    )
