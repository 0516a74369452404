-- severity: error
-- why: a row that is no JSON must not pass for a removed song
-- table: playlist_songs
with offending as (
    select playlist_id, position, snapshot_id
    from staging.unshipped_playlist_songs
    where item_kind is null
),

reads as (
    select read_id, playlist_id, snapshot_id
    from meta.snapshots
    where unreadable_row_count > 0 and (playlist_id, snapshot_id) in (select (playlist_id, snapshot_id) from offending)
),

texts as (
    select reads.playlist_id, reads.snapshot_id, rows.position, arg_max(rows.row_json, rows.document_id) as row_json
    from raw.row_texts as rows
    inner join raw.documents as documents using (document_id)
    inner join reads using (read_id)
    group by all
)

select offending.playlist_id, offending.position, offending.snapshot_id, left(texts.row_json, 200) as row_json
from offending
left join texts using (playlist_id, snapshot_id, position)
