-- popularity: how popular the songs are by day, for the last 180 days that were read.
select
    observed_on,
    avg(popularity) as mean_popularity,
    quantile_cont(popularity, 0.9) as top_tenth_popularity,
    count(popularity) as song_count
from marts.song_popularity_over_time
group by observed_on
order by observed_on desc
limit 180
