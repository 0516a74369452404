-- keep_forgotten: notes whose rows they are, in place of what was noted. ?1: a JSON array of kind and value
-- grain: none · reads: nothing · shipped: no
insert into meta.forgotten by name
with found as (
    select unnest(json_transform(?1, '[{"kind": "VARCHAR", "value": "VARCHAR"}]')) as one
)

select one.kind, one.value
from found
