-- duplicates: rows that repeat a song, and songs whose title and artist another song of the list has.
select
    playlist_id,
    playlist_name,
    sum(row_count - 1)::bigint as repeated_row_count,
    count(*) filter (where other_song_count > 0) as alike_song_count,
    sum(sum(row_count - 1)) over ()::bigint as all_repeated_count,
    sum(count(*) filter (where other_song_count > 0)) over ()::bigint as all_alike_count
from marts.playlist_duplicates
group by playlist_id, playlist_name
order by count(*) desc, playlist_name, playlist_id
limit 12
