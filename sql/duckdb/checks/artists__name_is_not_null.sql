-- severity: error
-- why: Spotify names every artist; NULL means that we read the wrong field
-- row: artist whose name was not read
-- table: artists
select *
from staging.unshipped_artists
where name is null
