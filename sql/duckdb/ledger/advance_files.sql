-- advance_files: notes a step of files; one that is already further stays where it is. ?1: to which state · ?2: now ·
-- ?3: from which state · ?4: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = ?1, updated_at = ?2::timestamp
where state = ?3 and key in (select unnest(json_transform(?4, '["VARCHAR"]')))
