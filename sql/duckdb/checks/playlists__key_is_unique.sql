-- severity: error
-- why: "current" in Snowflake is the latest row per key; two rows of one key in one run have no latest
-- table: playlists
select id, count(*) as row_count
from core.playlists
where id in (select id from staging.unshipped_playlists)
group by all
having count(*) > 1
