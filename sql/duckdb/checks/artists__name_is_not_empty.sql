-- severity: warn
-- why: an empty name is how Spotify shows an artist that was taken down
-- row: artist without a name (taken down)
-- table: artists
select *
from staging.unshipped_artists
where name = ''
