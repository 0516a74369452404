-- doubt_files: notes that a pipe may have forgotten files by the time it is mended. ?1: now · ?2: their keys, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = 'submitting', updated_at = ?1::timestamp
where state = 'accepted' and way = 'rest' and key in (select unnest(json_transform(?2, '["VARCHAR"]')))
