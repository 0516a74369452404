-- severity: warn
-- why: an empty name is how Spotify shows a song that was taken down
-- row: song without a name (taken down)
-- table: songs
with offending as (
    select id as song_id, url from staging.unshipped_songs
    where name = ''
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
