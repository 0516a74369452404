-- song_names: what some songs are called, as far as the file knows. ?1: their ids, a JSON array
-- grain: id · reads: core.songs, core.artists of the published file · shipped: no
select songs.id, songs.name, artists.name as artist_name
from core.songs as songs
left join core.artists as artists on artists.id = songs.artist_ids
where songs.id in (select unnest(json_transform(?1, '["VARCHAR"]')))
