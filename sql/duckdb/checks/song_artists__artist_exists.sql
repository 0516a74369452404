-- severity: error
-- why: a song whose artist is missing loses its row in every join
-- row: artist <artist_id>, who is not in the artists
-- table: song_artists
select *
from staging.unshipped_song_artists
anti join core.artists as artists on artists.id = artist_id
where artist_id is not null
