-- severity: error
-- why: "current" in Snowflake is the latest row per key; two rows of one key in one run have no latest
-- table: song_observations
select song_id, observed_on, count(*) as row_count
from core.song_observations
where (song_id, observed_on) in (select (song_id, observed_on) from staging.unshipped_song_observations)
group by all
having count(*) > 1
