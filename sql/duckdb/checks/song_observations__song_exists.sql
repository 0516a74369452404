-- severity: error
-- why: an observation of no song
-- table: song_observations
select *
from staging.unshipped_song_observations
where song_id is not null
    and song_id not in (select id from core.songs where id is not null)
