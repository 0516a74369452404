-- artist_songs: how many songs and playlists each artist is in now.
-- grain: artist_id · reads: artists, song_artists, songs, playlists, playlist_songs
-- Each song of a list once, so that counting an artist's songs and lists has less to look at.
with songs_in_lists as (
    select
        items.song_id, items.playlist_id,
        min(items.added_at) as first_added_at,
        max(items.added_at) as last_added_at
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
    group by items.song_id, items.playlist_id
),

-- An artist can be named twice on one song.
artist_songs as (
    select artist_id, song_id, min(artist_position) as artist_position
    from {{ source('spotify', 'song_artists') }}
    where song_id in (select song_id from songs_in_lists)
    group by artist_id, song_id
),

song_counts as (
    select
        artist_songs.artist_id,
        count(*) as song_count,
        count(case when artist_songs.artist_position = 0 then 1 end) as primary_song_count,
        max(songs.popularity) as top_song_popularity
    from artist_songs
    left join {{ source('spotify', 'songs') }} as songs on songs.id = artist_songs.song_id
    group by artist_songs.artist_id
),

playlist_counts as (
    select
        artist_songs.artist_id,
        count(distinct songs_in_lists.playlist_id) as playlist_count,
        min(songs_in_lists.first_added_at) as first_added_at,
        max(songs_in_lists.last_added_at) as last_added_at
    from artist_songs
    inner join songs_in_lists on songs_in_lists.song_id = artist_songs.song_id
    group by artist_songs.artist_id
)

select
    artists.id as artist_id,
    artists.name as artist_name,
    song_counts.song_count,
    song_counts.primary_song_count,
    playlist_counts.playlist_count,
    song_counts.top_song_popularity,
    playlist_counts.first_added_at,
    playlist_counts.last_added_at,
    artists.url as artist_url
from {{ source('spotify', 'artists') }} as artists
inner join song_counts on song_counts.artist_id = artists.id
inner join playlist_counts on playlist_counts.artist_id = artists.id
