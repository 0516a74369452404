-- severity: warn
-- why: a playlist known only from pages of its rows has no name yet; one that its owner left empty has none
-- row: playlist without a name
-- table: playlists
select id as playlist_id, * exclude (id)
from staging.unshipped_playlists
where name is null or name = ''
