-- artist_songs: how many songs and playlists each artist is in now.
-- grain: artist_id · reads: artists, song_artists, playlist_songs_current
-- An artist can be named twice on one song.
with artist_songs as (
    select artist_id, song_id, min(artist_position) as artist_position
    from {{ source('spotify', 'song_artists') }}
    group by artist_id, song_id
),

artist_items as (
    select
        artist_songs.artist_id, artist_songs.song_id, artist_songs.artist_position,
        items.playlist_id, items.popularity, items.added_at
    from artist_songs
    inner join {{ ref('playlist_songs_current') }} as items on items.song_id = artist_songs.song_id
)

select
    artists.id as artist_id,
    artists.name as artist_name,
    count(distinct artist_items.song_id) as song_count,
    count(distinct case when artist_items.artist_position = 0 then artist_items.song_id end) as primary_song_count,
    count(distinct artist_items.playlist_id) as playlist_count,
    max(artist_items.popularity) as top_song_popularity,
    min(artist_items.added_at) as first_added_at,
    max(artist_items.added_at) as last_added_at,
    artists.url as artist_url
from {{ source('spotify', 'artists') }} as artists
inner join artist_items on artist_items.artist_id = artists.id
group by artists.id, artists.name, artists.url
