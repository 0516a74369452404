-- replace_row: puts what is left of a row in its place. ?1: the text · ?2: document · ?3: position
-- grain: none · reads: nothing · shipped: no
update raw.rows
set row_json = ?1, item_at = null, item_id = null
where document_id = ?2 and position = ?3
