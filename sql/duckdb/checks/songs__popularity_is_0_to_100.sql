-- severity: error
-- why: Spotify defines popularity as 0 to 100; NULL is unknown
-- row: song `<name>` of popularity <popularity>
-- table: songs
with offending as (
    select id as song_id, name, popularity from staging.unshipped_songs
    where popularity not between 0 and 100
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
