-- states_of_files: how far files are. ?1: their keys, a JSON array
-- grain: file · reads: meta.files · shipped: no
select key, state
from meta.files
where key in (select unnest(json_transform(?1, '["VARCHAR"]')))
