-- forget_looks: makes room for newer looks at some lists. ?1: the lists, a JSON array
-- grain: none · reads: meta.looks · shipped: no
delete from meta.looks
where playlist_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
