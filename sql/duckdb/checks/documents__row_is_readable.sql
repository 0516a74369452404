-- severity: error
-- why: a playlist, album or artist that is no JSON would be skipped in silence
-- row: text that is no JSON: <object_json>
-- table: documents
with texts as (
    select
        documents.document_id, documents.url, documents.entity,
        null::integer as position, documents.envelope as object_json
    from raw.documents as documents
    where documents.entity = 'playlist' and read_id in (select read_id from staging.checked_reads)
    union all
    select documents.document_id, documents.url, documents.entity, rows.position, rows.row_json
    from raw.rows as rows -- whole: only rows of songs are parted
    inner join (
        select document_id, url, entity from raw.documents
        where entity in ('my_playlists', 'artists', 'albums')
            and read_id in (select read_id from staging.checked_reads)
    ) as documents using (document_id)
)

select document_id, url, position, object_json
from texts
-- The mention of `entity` keeps this test above the join; below it, it would parse the whole history.
where case when entity is not null
    then not json_valid(object_json) and not json_valid(staging.without_lone_surrogates(object_json))
end
