-- first_rows: the rows that stand first in a landed list. ?1: the read
-- grain: row · reads: raw.row_texts, raw.documents · shipped: no
select row_json
from raw.row_texts
where document_id = (select min(document_id) from raw.documents where read_id = ?1)
order by position
