-- severity: error
-- why: a song whose album is missing loses its row in every join
-- row: song `<name>` of album <album_id>, which is not in the albums
-- table: songs
with offending as (
    select songs.id as song_id, songs.name, songs.album_id
    from staging.unshipped_songs as songs
    anti join core.albums as albums on albums.id = songs.album_id
    where songs.album_id is not null
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
