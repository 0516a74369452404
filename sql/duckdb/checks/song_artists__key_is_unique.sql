-- severity: error
-- why: "current" in Snowflake is the latest row per key; two rows of one key in one run have no latest
-- table: song_artists
select song_id, artist_position, count(*) as row_count
from core.song_artists
where (song_id, artist_position) in (select (song_id, artist_position) from staging.unshipped_song_artists)
group by all
having count(*) > 1
