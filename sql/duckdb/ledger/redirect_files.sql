-- redirect_files: notes, before it happens, that files go to another pipe than the one which they were announced to. ?1: to which
-- state · ?2: from which states, a JSON array · ?3: now · ?4: their keys, a JSON array · ?5: way
-- grain: none · reads: meta.files · shipped: no
-- A pipe's memory begins when it is told.
update meta.files
set state = ?1, way = ?5, request_id = null, told_at = ?3::timestamp, updated_at = ?3::timestamp
where way <> ?5
    and state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and key in (select unnest(json_transform(?4, '["VARCHAR"]')))
