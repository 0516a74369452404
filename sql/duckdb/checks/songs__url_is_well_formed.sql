-- severity: warn
-- why: a link that is not a Spotify page was not made by Spotify
-- row: song `<name>` with the link <url>
-- table: songs
with offending as (
    select id as song_id, name, url from staging.unshipped_songs
    where url is null or not starts_with(url, 'https://open.spotify.com/track/')
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
