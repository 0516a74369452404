-- severity: error
-- why: rows of a playlist that we do not name
-- table: playlist_songs
select playlist_id, position, * exclude (playlist_id, position)
from staging.unshipped_playlist_songs
where playlist_id is not null
    and playlist_id not in (select id from core.playlists where id is not null)
