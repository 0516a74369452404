-- begun_forget: the id under which something is being forgotten, and since when; none where a run has that id already
-- grain: one row or none · reads: meta.forgets, meta.runs · shipped: no
select forget_id, begun_at
from meta.forgets
where ended_at is null and forget_id not in (select run_id from meta.runs)
