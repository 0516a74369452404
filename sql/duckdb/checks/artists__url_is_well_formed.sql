-- severity: warn
-- why: a link that is not a Spotify page was not made by Spotify
-- table: artists
select *
from staging.unshipped_artists
where url is null or not starts_with(url, 'https://open.spotify.com/artist/')
