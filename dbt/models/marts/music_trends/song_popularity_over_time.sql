-- song_popularity_over_time: popularity of each song per day it was read, and how it moved.
-- grain: song_id, observed_on · reads: song_observations, songs, artists
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
from {{ source('spotify', 'song_observations') }} as observations
left join {{ source('spotify', 'songs') }} as songs on songs.id = observations.song_id
left join {{ source('spotify', 'artists') }} as artists on artists.id = songs.artist_ids
