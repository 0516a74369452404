-- unfinished_forget: what was asked to be forgotten and is not yet
-- grain: one row or none · reads: meta.forgets · shipped: no
select scope
from meta.forgets
where ended_at is null
