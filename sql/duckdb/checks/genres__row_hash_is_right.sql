-- severity: error
-- why: row_hash proves in Snowflake that the row arrived; it must be the hash of the row it stands beside
-- table: genres
select *
from staging.unshipped_genres
where row_hash is distinct from
    staging.genres_hash(artist_id, genre)
