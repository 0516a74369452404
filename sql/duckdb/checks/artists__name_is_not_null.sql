-- severity: error
-- why: Spotify names every artist; NULL means that we read the wrong field
-- table: artists
select *
from staging.unshipped_artists
where name is null
