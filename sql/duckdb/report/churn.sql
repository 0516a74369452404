-- churn: how much of the first state of each playlist is still in it.
select playlist_id, playlist_name, added_song_count, removed_song_count, retained_share, half_life_days
from marts.playlist_churn
where added_song_count + removed_song_count > 0
order by added_song_count + removed_song_count desc, playlist_name, playlist_id
limit 12
