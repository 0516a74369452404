-- playlist_names: what playlists are called. ?1: their ids, a JSON array
-- grain: playlist · reads: core.playlists · shipped: no
select id, name
from core.playlists
where id in (select unnest(json_transform(?1, '["VARCHAR"]'))) and name <> ''
