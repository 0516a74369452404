-- playlist_genres: how many songs of each playlist are of each genre now, a song having its artist's genres.
-- grain: playlist_id, genre · reads: playlists, playlist_songs, songs, genres, genre_coverage
with songs_in_lists as (
    select distinct playlists.id as playlist_id, playlists.name as playlist_name, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
),

genres_in_lists as (
    select
        songs_in_lists.playlist_id, songs_in_lists.playlist_name, genres.genre,
        count(*) as song_count
    from songs_in_lists
    inner join {{ source('spotify', 'songs') }} as songs on songs.id = songs_in_lists.song_id
    inner join {{ source('spotify', 'genres') }} as genres on genres.artist_id = songs.artist_ids
    group by songs_in_lists.playlist_id, songs_in_lists.playlist_name, genres.genre
)

select
    genres_in_lists.playlist_id,
    genres_in_lists.playlist_name,
    genres_in_lists.genre,
    genres_in_lists.song_count,
    genres_in_lists.song_count::double / coverage.known_song_count as song_share
from genres_in_lists
inner join {{ ref('genre_coverage') }} as coverage on coverage.playlist_id = genres_in_lists.playlist_id
