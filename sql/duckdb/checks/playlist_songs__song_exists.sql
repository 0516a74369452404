-- severity: error
-- why: a row whose song is missing vanishes from every join: the playlist looks shorter than it is
-- row: song <song_id>, which is not in the songs
-- table: playlist_songs
select playlist_id, position, * exclude (playlist_id, position)
from staging.unshipped_playlist_songs
anti join core.songs as songs on songs.id = song_id
where song_id is not null
