-- release_years: different songs by the year in which they came out, over all playlists; without a year, where it is unknown.
select extract(year from album_release_date)::integer as release_year, count(distinct song_id) as song_count
from marts.playlist_songs_current
where song_id <> ''
group by release_year
order by release_year desc
limit 300
