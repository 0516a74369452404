-- severity: error
-- why: tracks and only tracks name a song
-- row: row of the kind `<item_kind>` with the song id <song_id>
-- table: playlist_songs
select playlist_id, position, snapshot_id, item_kind, song_id
from staging.unshipped_playlist_songs
where (song_id is not null) <> (item_kind is not distinct from 'track')
