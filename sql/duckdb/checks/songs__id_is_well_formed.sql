-- severity: warn
-- why: Spotify ids are 22 letters and digits; another length is a cut or foreign id
-- row: song `<name>`, whose id <song_id> is not of 22 letters and digits
-- table: songs
with offending as (
    select id as song_id, name, url from staging.unshipped_songs
    where not regexp_full_match(id, '[0-9A-Za-z]{22}')
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
