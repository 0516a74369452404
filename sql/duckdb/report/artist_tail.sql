-- artist_tail: how many artists have how many songs.
with artists as (
    select
        song_count,
        case
            when song_count >= 20 then 6 when song_count >= 10 then 5 when song_count >= 5 then 4
            when song_count >= 3 then 3 else song_count
        end as step
    from marts.artist_songs
)

select step, count(*) as artist_count, sum(song_count)::bigint as song_count
from artists
group by step
order by step
