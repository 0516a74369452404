-- supersede_files: notes that the rows of files go their way in newer ones. ?1: now · ?2: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = 'superseded', updated_at = ?1::timestamp
where key in (select unnest(json_transform(?2, '["VARCHAR"]')))
