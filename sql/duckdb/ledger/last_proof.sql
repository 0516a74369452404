-- last_proof: the run whose file was last proven, and when that was
-- grain: one row or none · reads: meta.files · shipped: no
select run_id, verified_at
from meta.files
where verified_at is not null
order by verified_at desc, run_id desc
limit 1
