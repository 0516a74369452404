-- heatmap: when songs were added, by weekday (1 = Monday) and hour, UTC.
select iso_weekday, hour, sum(song_count)::bigint as song_count
from marts.added_at_heatmap
group by iso_weekday, hour
order by iso_weekday, hour
