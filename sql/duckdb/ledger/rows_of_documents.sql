-- rows_of_documents: the rows of some documents. ?1, ?2: the first and the last of them
-- grain: row · reads: raw.row_texts · shipped: no
select document_id, position, row_json
from raw.row_texts
where document_id between ?1 and ?2
