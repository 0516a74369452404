-- missing_details: artists and albums whose full object was never asked for; with the variable `refetch`, not by this run.
-- grain: entity, id · reads: core.artists, core.albums, meta.details · shipped: no · guarded by: nothing
with objects as (
    select 'artists' as entity, id from core.artists
    union all
    select 'albums', id from core.albums
),

asked as (
    select entity, object_id as id
    from meta.details
    where not getvariable('refetch') or run_id = getvariable('run_id')
)

select objects.entity, objects.id
from objects
anti join asked using (entity, id)
-- What is no id of Spotify's would be refused, and the rest of its batch with it.
where regexp_full_match(objects.id, '[0-9A-Za-z]{22}')
order by objects.entity desc, objects.id;
