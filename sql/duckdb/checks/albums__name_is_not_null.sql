-- severity: error
-- why: Spotify names every album; NULL means that we read the wrong field
-- row: album whose name was not read
-- table: albums
select *
from staging.unshipped_albums
where name is null
