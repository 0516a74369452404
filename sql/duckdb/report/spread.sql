-- spread: how many songs stand in how many playlists; 24 stands for more, too.
with spread as (
    select song_id, least(count(distinct playlist_id), 24) as playlist_count
    from marts.playlist_songs_current
    where song_id <> ''
    group by song_id
)

select playlist_count, count(*) as song_count
from spread
group by playlist_count
order by playlist_count
