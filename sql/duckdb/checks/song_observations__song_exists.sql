-- severity: error
-- why: an observation of no song
-- row: observation of a song that is not in the songs
-- table: song_observations
select *
from staging.unshipped_song_observations
anti join core.songs as songs on songs.id = song_id
where song_id is not null
