-- finished_read: the newest read of a subject that came to its end in a run. ?1: run · ?2: entity · ?3: playlist or NULL
-- grain: one row or none · reads: meta.reads · shipped: no
select read_id, total
from meta.reads
where run_id = ?1 and entity = ?2 and playlist_id is not distinct from ?3 and status = 'complete'
order by read_id desc
limit 1
