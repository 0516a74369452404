-- submit_files: notes, before it happens, how Snowflake is told of files. ?1: way · ?2: request id or NULL · ?3: now · ?4: their keys,
-- a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set
    state = 'submitting',
    way = ?1,
    request_id = ?2,
    told_at = coalesce(told_at, ?3::timestamp),
    updated_at = ?3::timestamp
where state in ('uploaded', 'submitting') and key in (select unnest(json_transform(?4, '["VARCHAR"]')))
