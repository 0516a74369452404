-- genre_coverage: of how many songs a genre is known.
select
    playlist_id, playlist_name, song_count, known_song_count,
    sum(song_count) over ()::bigint as all_song_count,
    sum(known_song_count) over ()::bigint as all_known_count
from marts.genre_coverage
where song_count > 0
order by song_count desc, playlist_name, playlist_id
limit 12
