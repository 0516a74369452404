-- leave_out_playlist: puts nothing in the place of a forgotten playlist in a landed list. ?1: the read · ?2: the playlist
-- grain: none · reads: raw.rows, raw.documents · shipped: no
update raw.rows
set row_json = 'null', item_at = null, item_id = null
where document_id in (select document_id from raw.documents where read_id = ?1)
    and staging.read_json(row_json, '{"id":"VARCHAR"}').id = ?2
