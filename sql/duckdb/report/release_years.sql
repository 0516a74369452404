-- release_years: songs by the year in which they came out; without a year, where it is unknown.
select release_year, sum(song_count)::bigint as song_count
from marts.release_years
group by release_year
order by release_year desc
limit 300
