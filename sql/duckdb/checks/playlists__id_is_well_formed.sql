-- severity: warn
-- why: Spotify ids are 22 letters and digits; another length is a cut or foreign id (liked songs have one of our own)
-- row: playlist `<name>`, whose id is not of 22 letters and digits
-- table: playlists
select id as playlist_id, * exclude (id)
from staging.unshipped_playlists
where not regexp_full_match(id, '[0-9A-Za-z]{22}') and not staging.is_liked_songs(id)
