-- announce_files: notes that the upload itself tells Snowflake of files. ?1: way · ?2: now · ?3: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set way = ?1, told_at = ?2::timestamp
where way is null and key in (select unnest(json_transform(?3, '["VARCHAR"]')))
