-- spread: how many songs stand in how many playlists.
with spread as (
    select song_id, count(distinct playlist_id) as playlist_count
    from marts.playlist_songs_current
    where song_id <> ''
    group by song_id
)

select playlist_count, count(*) as song_count
from spread
group by playlist_count
order by playlist_count
limit 24
