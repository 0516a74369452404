-- severity: error
-- why: Spotify defines popularity as 0 to 100; NULL is unknown
-- row: song of popularity <popularity>
-- table: song_observations
select *
from staging.unshipped_song_observations
where popularity not between 0 and 100
