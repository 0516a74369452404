-- gone_batch: the tombstones of a batch. ?1: the key before it, ?2: how many it has at most
-- grain: key · reads: gone_from_{table} · shipped: no
select key_json, run_id
from gone_from_{table}
where key_json > ?1
order by key_json
limit ?2;
