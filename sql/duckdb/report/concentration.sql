-- concentration: how much of each playlist its ten largest artists hold.
with largest as (
    select playlist_id, playlist_name, artist_count, top_10_share, gini
    from marts.playlist_concentration
    where artist_count > 0
    order by artist_count desc, playlist_name, playlist_id
    limit 12
)

select playlist_id, playlist_name, artist_count, top_10_share, gini
from largest
order by top_10_share desc, playlist_name, playlist_id
