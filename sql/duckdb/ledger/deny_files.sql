-- deny_files: notes that Snowflake refused a submission. ?1: to which state · ?2: from which states, a JSON array · ?3: now ·
-- ?4: the files' keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = ?1, way = null, request_id = null, told_at = null, updated_at = ?3::timestamp
where state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and key in (select unnest(json_transform(?4, '["VARCHAR"]')))
