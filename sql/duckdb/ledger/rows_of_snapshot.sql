-- rows_of_snapshot: the rows of a list as it was, in their order. ?1: the list · ?2: the snapshot
-- grain: position · reads: core.playlist_songs · shipped: no
select song_id, item_kind
from core.playlist_songs
where playlist_id = ?1 and snapshot_id = ?2
order by position
