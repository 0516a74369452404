-- genre_coverage: of how many songs of each playlist a genre is known.
-- grain: playlist_id · reads: playlists, playlist_songs, songs, genres
with songs_in_lists as (
    select distinct items.playlist_id, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
),

artists_with_genre as (
    select distinct artist_id
    from {{ source('spotify', 'genres') }}
),

counts as (
    select
        songs_in_lists.playlist_id,
        count(*) as song_count,
        count(artists_with_genre.artist_id) as known_song_count
    from songs_in_lists
    left join {{ source('spotify', 'songs') }} as songs on songs.id = songs_in_lists.song_id
    left join artists_with_genre on artists_with_genre.artist_id = songs.artist_ids
    group by songs_in_lists.playlist_id
)

select
    playlists.id as playlist_id,
    playlists.name as playlist_name,
    coalesce(counts.song_count, 0) as song_count,
    coalesce(counts.known_song_count, 0) as known_song_count,
    counts.known_song_count::double / counts.song_count as known_share
from {{ source('spotify', 'playlists') }} as playlists
left join counts on counts.playlist_id = playlists.id
