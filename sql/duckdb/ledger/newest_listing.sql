-- newest_listing: the last list of the user's playlists that was read to its end. ?1: its entity
-- grain: one row or none · reads: meta.reads · shipped: no
select read_id, total
from meta.reads
where entity = ?1 and status = 'complete'
order by read_id desc
limit 1
