-- genres: songs by their artists' genres; a song counts once for each playlist and genre.
select genre, sum(song_count)::bigint as song_count, count(*) as playlist_count
from marts.playlist_genres
where genre <> ''
group by genre
order by song_count desc, genre
limit 15
