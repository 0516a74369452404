-- groups: which groups have rows here; only those can be shipped again.
-- grain: group · reads: core.{table} · ?1: the groups, a JSON array · shipped: no
select distinct concat_ws(chr(31), {group}) as row_group
from core.{table}
where concat_ws(chr(31), {group}) in (select unnest(json_transform(?, '["VARCHAR"]')));
