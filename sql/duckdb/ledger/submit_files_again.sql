-- submit_files_again: notes that a pipe may have forgotten files by the time it is mended. ?1: to which state · ?2: from which states,
-- a JSON array · ?3: now · ?4: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = ?1, updated_at = ?3::timestamp
where way = 'rest'
    and state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and key in (select unnest(json_transform(?4, '["VARCHAR"]')))
