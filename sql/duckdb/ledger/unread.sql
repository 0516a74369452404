-- unread: what a run could not read. ?1: the run
-- grain: run · reads: meta.runs · shipped: no
select coalesce(unread_count, 0) as unread_count, unread_reason, put_off, put_off_until
from meta.runs
where run_id = ?1
