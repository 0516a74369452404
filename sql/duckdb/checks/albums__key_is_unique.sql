-- severity: error
-- why: "current" in Snowflake is the latest row per key; two rows of one key in one run have no latest
-- table: albums
select id, count(*) as row_count
from core.albums
where id in (select id from staging.unshipped_albums)
group by all
having count(*) > 1
