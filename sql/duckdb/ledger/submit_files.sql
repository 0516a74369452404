-- submit_files: notes, before it happens, how files are submitted. ?1: to which state · ?2: from which states, a JSON array · ?3: now ·
-- ?4: their keys, a JSON array · ?5: way · ?6: request id or NULL
-- grain: none · reads: meta.files · shipped: no
update meta.files
set
    state = ?1,
    way = ?5,
    request_id = ?6,
    told_at = coalesce(told_at, ?3::timestamp),
    updated_at = ?3::timestamp
where state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and key in (select unnest(json_transform(?4, '["VARCHAR"]')))
