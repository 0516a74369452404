-- unavailable_songs: the latest of them, with their places.
select playlist_name, position, coalesce(song_id, '') as song_id, added_at::date as added_on, reason
from marts.unavailable_songs
order by added_at desc, playlist_name, position
limit 12
