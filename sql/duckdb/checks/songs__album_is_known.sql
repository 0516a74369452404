-- severity: warn
-- why: Spotify gives every song an album; without it the song is in no album list
-- row: song `<name>` without an album
-- table: songs
with offending as (
    select id as song_id, name, url from staging.unshipped_songs
    where album_id is null
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
