-- severity: error
-- why: every row is a track, an episode, a local file or removed; readers count by these four
-- row: row of the kind `<item_kind>`
-- table: playlist_songs
select playlist_id, position, snapshot_id, item_kind
from staging.unshipped_playlist_songs
where item_kind not in ('track', 'episode', 'local', 'removed')
