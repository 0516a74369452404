-- severity: error
-- why: rows of a playlist that we do not name
-- row: row of a playlist that is not in the playlists
-- table: playlist_songs
select playlist_id, position, * exclude (playlist_id, position)
from staging.unshipped_playlist_songs
anti join core.playlists as playlists on playlists.id = playlist_id
where playlist_id is not null
