-- severity: error
-- why: a row that names no item, or nothing that is known, must not pass for a removed song; only `null` says removed
-- row: row that names nothing that is known: <row_json>
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

-- Materialized, so that the few unreadable rows are found before their items are looked for, and only these are read.
rows as materialized (
    select
        reads.playlist_id, reads.snapshot_id, rows.position,
        arg_max(struct_pack(rows.row_json, rows.item_at, rows.item_id), rows.document_id) as landed
    from raw.rows as rows
    inner join raw.documents as documents using (document_id)
    inner join reads using (read_id)
    inner join offending
        on offending.playlist_id = reads.playlist_id
        and offending.snapshot_id = reads.snapshot_id
        and offending.position = rows.position
    group by all
),

items as materialized (
    select item_id, item_json
    from raw.items
    where item_id in (select landed.item_id from rows)
),

texts as (
    select
        rows.playlist_id, rows.snapshot_id, rows.position,
        raw.whole_row(rows.landed.row_json, rows.landed.item_at, items.item_json) as row_json
    from rows
    left join items on items.item_id = rows.landed.item_id
)

select offending.playlist_id, offending.position, offending.snapshot_id, texts.row_json
from offending
left join texts using (playlist_id, snapshot_id, position)
