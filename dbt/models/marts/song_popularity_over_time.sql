-- song_popularity_over_time: popularity of each song per day it was read, and how it moved.
-- grain: song_id, observed_on · reads: song_observations, songs, artists
with observations as (
    select song_id, observed_on, popularity, playlist_count from {{ source('spotify', 'song_observations') }}
    qualify row_number() over (partition by song_id, observed_on order by extracted_at desc, run_id desc) = 1
),

songs as (
    select id, name, artist_ids from {{ source('spotify', 'songs') }}
    qualify row_number() over (partition by id order by extracted_at desc, run_id desc) = 1
),

artists as (
    select id, name from {{ source('spotify', 'artists') }}
    qualify row_number() over (partition by id order by extracted_at desc, run_id desc) = 1
)

select
    observations.song_id,
    songs.name as song_name,
    artists.name as artist_name,
    observations.observed_on,
    observations.popularity,
    observations.popularity
    - lag(observations.popularity) over (partition by observations.song_id order by observations.observed_on)
        as popularity_change,
    observations.playlist_count
from observations
left join songs on songs.id = observations.song_id
left join artists on artists.id = songs.artist_ids
