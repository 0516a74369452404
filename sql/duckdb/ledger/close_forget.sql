-- close_forget: the other half of end_forget. ?1: now
-- grain: none · reads: fresh.meta · shipped: no
update fresh.meta.forgets
set ended_at = ?1::timestamp
where ended_at is null
