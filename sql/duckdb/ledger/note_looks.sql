-- note_looks: when some lists were looked at first, and by which run. ?1: the lists, a JSON array · ?2: the run · ?3: now
-- grain: list · reads: meta.looks · shipped: no
insert into meta.looks by name
select
    listed.playlist_id,
    ?2 as run_id,
    ?3::timestamp as looked_at
from (select distinct unnest(json_transform(?1, '["VARCHAR"]')) as playlist_id) as listed
anti join meta.looks using (playlist_id)
