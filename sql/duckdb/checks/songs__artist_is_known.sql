-- severity: warn
-- why: Spotify gives every song an artist; without one the song is in no artist list
-- row: song `<name>` without an artist
-- table: songs
with offending as (
    select id as song_id, name, url from staging.unshipped_songs
    where artist_ids is null
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
