-- severity: error
-- why: a place in the artists of no song
-- row: place in the artists of a song that is not in the songs
-- table: song_artists
select *
from staging.unshipped_song_artists
anti join core.songs as songs on songs.id = song_id
where song_id is not null
