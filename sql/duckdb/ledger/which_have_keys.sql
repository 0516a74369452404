-- which_have_keys: files by their keys. ?1: the keys, a JSON array
-- grain: file · reads: meta.files · shipped: no
select rowid
from meta.files
where key in (select unnest(json_transform(?1, '["VARCHAR"]')))
