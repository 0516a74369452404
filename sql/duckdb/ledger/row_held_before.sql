-- row_held_before: a row that an earlier document of a read has. ?1: position · ?2: the read · ?3: before which document
-- grain: one row or none · reads: raw.row_texts, raw.documents · shipped: no
select row_json
from raw.row_texts
where position = ?1
    and document_id in (select document_id from raw.documents where read_id = ?2 and document_id < ?3)
order by document_id desc
limit 1
