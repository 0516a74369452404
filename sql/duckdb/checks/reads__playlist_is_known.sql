-- severity: error
-- why: rows without the id of their playlist cannot be told apart from those of another
-- row: read of <total> rows without the id of its playlist
-- table: playlists
select read_id, entity, snapshot_id, total
from staging.checked_reads
where entity in ('playlist', 'liked_songs') and playlist_id is null
