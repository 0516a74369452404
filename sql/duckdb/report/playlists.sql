-- playlists: the longest playlists, by kind of row.
select
    playlist_id, playlist_name, row_count, track_count, episode_count, local_count, removed_count,
    song_count, artist_count, song_duration_ms, last_added_at
from marts.playlist_overview
order by row_count desc, playlist_name, playlist_id
limit 15
