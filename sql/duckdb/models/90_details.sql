-- details: the artists and albums that the pending documents answer for, so that none of them is asked for again.
-- grain: entity, object_id, run_id · reads: staging.pending_documents, pending_artists, full_albums · shipped: no
-- guarded by: nothing
create or replace temp table next_details as
with documents as (
    select document_id, run_id, entity, url from staging.pending_documents
    where entity in ('artists', 'albums')
),

objects as (
    select ordinal // 16777216 as document_id, artist.id as object_id from pending_artists
    union all
    select ordinal // 16777216, album.id from full_albums
),

-- The address names all of them, also those that Spotify does not know; but a recorded body may have no address.
named as (
    select
        entity, run_id,
        unnest(string_split(
            regexp_extract(replace(url, '%2C', ','), '/(artists|albums)(/|\?ids=)([0-9A-Za-z,]+)', 3), ','
        )) as object_id
    from documents
    union all
    select documents.entity, documents.run_id, objects.object_id
    from objects
    inner join documents using (document_id)
)

select distinct entity, object_id, run_id
from named
where object_id <> '';
