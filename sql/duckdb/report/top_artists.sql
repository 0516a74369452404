-- top_artists: the artists with most songs, in any place of a song's artists.
select artist_id, artist_name, song_count, primary_song_count, playlist_count
from marts.artist_songs
order by song_count desc, artist_name, artist_id
limit 12
