-- severity: warn
-- why: Spotify opened in 2006 and nobody adds songs tomorrow; another time is a misread or foreign clock
-- row: song `<name>` added at <added_at>
-- table: songs
with offending as (
    select id as song_id, name, added_at from staging.unshipped_songs
    where added_at < timestamp '2006-01-01'
        or added_at > getvariable('extracted_at')::timestamp + interval 1 day
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
