-- severity: error
-- why: two rows in one position would make the order of a playlist ambiguous
-- row: <row_count> rows in this place
-- table: playlist_songs
select playlist_id, position, snapshot_id, count(*) as row_count
from staging.unshipped_playlist_songs
group by all
having count(*) > 1
