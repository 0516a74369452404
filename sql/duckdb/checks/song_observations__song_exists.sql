-- severity: error
-- why: an observation of no song
-- table: song_observations
select *
from staging.unshipped_song_observations
anti join core.songs as songs on songs.id = song_id
where song_id is not null
