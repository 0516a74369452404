-- severity: error
-- why: a song whose artist is missing loses its row in every join
-- table: song_artists
select *
from staging.unshipped_song_artists
where artist_id is not null
    and artist_id not in (select id from core.artists where id is not null)
