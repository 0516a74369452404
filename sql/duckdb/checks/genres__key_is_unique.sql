-- severity: error
-- why: "current" in Snowflake is the latest row per key; two rows of one key in one run have no latest
-- table: genres
select artist_id, genre, count(*) as row_count
from core.genres
where (artist_id, genre) in (select (artist_id, genre) from staging.unshipped_genres)
group by all
having count(*) > 1
