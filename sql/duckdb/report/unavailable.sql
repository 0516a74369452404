-- unavailable: rows without a song that can be played, by reason.
select
    playlist_id,
    playlist_name,
    count(*) filter (where reason = 'removed') as removed_count,
    count(*) filter (where reason = 'taken_down') as taken_down_count,
    sum(count(*)) over ()::bigint as all_count
from marts.unavailable_songs
group by playlist_id, playlist_name
order by count(*) desc, playlist_name, playlist_id
limit 12
