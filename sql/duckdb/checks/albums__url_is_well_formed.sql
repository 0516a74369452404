-- severity: warn
-- why: a link that is not a Spotify page was not made by Spotify
-- row: album `<name>` with the link <url>
-- table: albums
select *
from staging.unshipped_albums
where url is null or not starts_with(url, 'https://open.spotify.com/album/')
