-- unknown_consumers: the consumers that the ledger does not know. ?1: the names, a JSON array
-- grain: consumer · reads: meta.consumers · shipped: no
select unnest(json_transform(?1, '["VARCHAR"]')) as consumer
except
from meta.consumers
