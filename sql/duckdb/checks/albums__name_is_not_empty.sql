-- severity: warn
-- why: an empty name is how Spotify shows an album that was taken down
-- row: album without a name (taken down)
-- table: albums
select *
from staging.unshipped_albums
where name = ''
