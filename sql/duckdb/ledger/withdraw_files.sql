-- withdraw_files: notes that Snowflake refused to be told of files. ?1: now · ?2: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = 'uploaded', way = null, request_id = null, told_at = null, updated_at = ?1::timestamp
where state = 'submitting' and key in (select unnest(json_transform(?2, '["VARCHAR"]')))
