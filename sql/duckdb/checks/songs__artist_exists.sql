-- severity: error
-- why: a song whose artist is missing loses its row in every join
-- row: song `<name>` of artist <artist_ids>, who is not in the artists
-- table: songs
with offending as (
    select songs.id as song_id, songs.name, songs.artist_ids
    from staging.unshipped_songs as songs
    anti join core.artists as artists on artists.id = songs.artist_ids
    where songs.artist_ids is not null
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join staging.places_of((select list(song_id) from offending)) as places using (song_id)
