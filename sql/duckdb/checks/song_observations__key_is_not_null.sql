-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: song_observations
select *
from staging.unshipped_song_observations
where song_id is null or observed_on is null
