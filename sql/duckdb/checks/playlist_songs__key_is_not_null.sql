-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- row: row without its key
-- table: playlist_songs
select playlist_id, position, * exclude (playlist_id, position)
from staging.unshipped_playlist_songs
where playlist_id is null or snapshot_id is null or position is null
