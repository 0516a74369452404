-- severity: error
-- why: a song is in none or more of the playlists we hold, and in no more than there are
-- row: song in <playlist_count> playlists
-- table: song_observations
select *
from staging.unshipped_song_observations
where playlist_count is null or playlist_count < 0 or playlist_count > (select count(*) from core.playlists)
