-- note_looks: when some lists were looked at, and by which run. ?1: the lists, a JSON array · ?2: the run · ?3: now
-- grain: list · reads: nothing · shipped: no
insert into meta.looks by name
select
    unnest(json_transform(?1, '["VARCHAR"]')) as playlist_id,
    ?2 as run_id,
    ?3::timestamp as looked_at
