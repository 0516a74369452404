-- erase_files: notes that nothing is left of files. ?1: now · ?2: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set erased_at = ?1::timestamp
where key in (select unnest(json_transform(?2, '["VARCHAR"]')))
