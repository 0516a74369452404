-- severity: warn
-- why: a link that is not a Spotify page was not made by Spotify
-- row: artist `<name>` with the link <url>
-- table: artists
select *
from staging.unshipped_artists
where url is null or not starts_with(url, 'https://open.spotify.com/artist/')
