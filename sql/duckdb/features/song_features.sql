-- song_features: what is known of each song that is concerned without the rows that are held back, put together of song_parts.sql.
-- grain: song_id · reads: concerned_songs, the tables of song_parts.sql, features.interactions, core.songs, core.albums · shipped: no
-- The day up to which there is something to learn from: nothing reads the clock.
with horizon as (
    select max(added_at) as ends_at from features.interactions
    where split = 'train'
)

select
    songs.id as song_id,
    songs.artist_ids as artist_id,
    songs.album_id,
    songs.duration_ms,
    albums.release_date,
    albums.total_tracks as album_track_count,
    seen.level as popularity_level,
    seen.observed_on as popularity_observed_on,
    coalesce(seen.observation_count, 0) as popularity_observation_count,
    lines.slope_7d as popularity_slope_7d,
    lines.slope_28d as popularity_slope_28d,
    lines.volatility_28d as popularity_volatility_28d,
    in_lists.first_added_at as first_seen_at,
    date_diff('day', in_lists.first_added_at, horizon.ends_at) as age_days,
    date_diff('day', albums.release_date, horizon.ends_at::date) as release_age_days,
    coalesce(in_lists.list_count, 0) as list_count,
    coalesce(degrees.co_occurrence_degree, 0) as co_occurrence_degree,
    coalesce(of_artists.song_count, 0) as artist_song_count,
    coalesce(of_artists.list_count, 0) as artist_list_count,
    coalesce(of_albums.song_count, 0) as album_song_count,
    coalesce(of_albums.list_count, 0) as album_list_count
from core.songs as songs
semi join concerned_songs as wanted on wanted.song_id = songs.id
cross join horizon
left join core.albums as albums on albums.id = songs.album_id
left join popularity_levels as seen on seen.song_id = songs.id
left join popularity_lines as lines on lines.song_id = songs.id
left join song_lists as in_lists on in_lists.song_id = songs.id
left join song_degrees as degrees on degrees.song = songs.rowid
left join artist_counts as of_artists on of_artists.artist_id = songs.artist_ids
left join album_counts as of_albums on of_albums.album_id = songs.album_id
order by songs.id
