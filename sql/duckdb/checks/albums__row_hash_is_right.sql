-- severity: error
-- why: row_hash proves in Snowflake that the row arrived; it must be the hash of the row it stands beside
-- table: albums
select *
from staging.unshipped_albums
where row_hash is distinct from
    staging.albums_hash(id, name, release_date, total_tracks, url)
