-- genres: different songs by their artists' genres, over all playlists; a song of two genres counts for both.
select
    genres.genre,
    count(distinct songs.song_id) as song_count,
    count(distinct songs.playlist_id) as playlist_count
from core.genres as genres
inner join marts.playlist_songs_current as songs on songs.artist_id = genres.artist_id
where genres.genre <> ''
group by genres.genre
order by song_count desc, genres.genre
limit 15
