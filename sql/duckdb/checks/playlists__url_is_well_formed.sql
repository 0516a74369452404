-- severity: warn
-- why: a link that is not a Spotify page was not made by Spotify
-- row: playlist with the link <url>
-- table: playlists
select id as playlist_id, * exclude (id)
from staging.unshipped_playlists
where not starts_with(url, 'https://open.spotify.com/')
