-- unknown_songs: which of some songs are not in the file. ?1: their ids, a JSON array
-- grain: id · reads: core.songs of the published file · shipped: no
select asked.id
from (select unnest(json_transform(?1, '["VARCHAR"]')) as id) as asked
anti join core.songs as songs on songs.id = asked.id
order by asked.id
