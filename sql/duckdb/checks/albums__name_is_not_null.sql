-- severity: error
-- why: Spotify names every album; NULL means that we read the wrong field
-- table: albums
select *
from staging.unshipped_albums
where name is null
