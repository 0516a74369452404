-- severity: error
-- why: Spotify names every song; NULL means that we read the wrong field
-- row: song whose name was not read
-- table: songs
with offending as (
    select id as song_id, url from staging.unshipped_songs
    where name is null
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
