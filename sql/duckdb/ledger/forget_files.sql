-- forget_files: notes that the rows of files which stay are in newer ones. ?1: now · ?2: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set forgotten_at = ?1::timestamp
where forgotten_at is null and key in (select unnest(json_transform(?2, '["VARCHAR"]')))
