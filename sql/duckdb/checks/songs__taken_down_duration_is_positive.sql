-- severity: warn
-- why: a song that was taken down (empty name) may lose its duration with its name
-- row: song that was taken down, and lasts <duration_ms> ms
-- table: songs
with offending as (
    select id as song_id, name, duration_ms from staging.unshipped_songs
    where (duration_ms > 0) is not true and name = ''
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
