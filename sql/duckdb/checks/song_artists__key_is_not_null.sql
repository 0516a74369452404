-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: song_artists
select *
from staging.unshipped_song_artists
where song_id is null or artist_position is null
