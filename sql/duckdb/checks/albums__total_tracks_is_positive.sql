-- severity: warn
-- why: an album that has songs has at least one; NULL means that Spotify did not say
-- row: album `<name>` of <total_tracks> songs
-- table: albums
select *
from staging.unshipped_albums
where total_tracks < 1
