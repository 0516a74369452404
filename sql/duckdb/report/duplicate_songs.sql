-- duplicate_songs: songs to look at first.
select playlist_name, song_id, song_name, artist_name, row_count, other_song_count
from marts.playlist_duplicates
order by row_count + other_song_count desc, playlist_name, song_name, song_id
limit 12
