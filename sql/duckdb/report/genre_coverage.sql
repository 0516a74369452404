-- genre_coverage: of how many songs a genre is known, in each playlist, and of how many different ones in all.
with known as (
    select distinct artist_id from core.genres
),

songs as (
    select
        count(distinct items.song_id) as all_song_count,
        count(distinct items.song_id) filter (where known.artist_id <> '') as all_known_count
    from marts.playlist_songs_current as items
    left join known on known.artist_id = items.artist_id
)

select
    coverage.playlist_id, coverage.playlist_name, coverage.song_count, coverage.known_song_count,
    songs.all_song_count, songs.all_known_count
from marts.genre_coverage as coverage
cross join songs
where coverage.song_count > 0
order by coverage.song_count desc, coverage.playlist_name, coverage.playlist_id
limit 12
