-- severity: error
-- why: row_hash proves in Snowflake that the row arrived; it must be the hash of the row it stands beside
-- table: artists
select *
from staging.unshipped_artists
where row_hash is distinct from
    staging.artists_hash(id, name, url)
