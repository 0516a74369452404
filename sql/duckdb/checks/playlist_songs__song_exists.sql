-- severity: error
-- why: a row whose song is missing vanishes from every join: the playlist looks shorter than it is
-- table: playlist_songs
select playlist_id, position, * exclude (playlist_id, position)
from staging.unshipped_playlist_songs
where song_id is not null
    and song_id not in (select id from core.songs where id is not null)
