-- may_ask_in_batches: whether the newest playlist came as apps get it that may ask for several artists at once; Spotify took the
-- old names and these endpoints from the others at one time
-- grain: one row or none · reads: raw.documents · shipped: no
select not json_exists(envelope, '$.items') as may_ask
from raw.documents
where entity = 'playlist' and (json_exists(envelope, '$.items') or json_exists(envelope, '$.tracks'))
order by document_id desc
limit 1
