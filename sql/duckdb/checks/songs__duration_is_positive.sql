-- severity: error
-- why: a song lasts, and not 24 days; zero, less, nothing or more than fits means that the duration was misread
-- row: song `<name>` that lasts <duration_ms> ms
-- table: songs
with offending as (
    select id as song_id, name, duration_ms from staging.unshipped_songs
    where (duration_ms > 0 and duration_ms < 2147483647) is not true and name is distinct from ''
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
