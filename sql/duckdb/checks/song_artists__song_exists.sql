-- severity: error
-- why: a place in the artists of no song
-- table: song_artists
select *
from staging.unshipped_song_artists
where song_id is not null
    and song_id not in (select id from core.songs where id is not null)
