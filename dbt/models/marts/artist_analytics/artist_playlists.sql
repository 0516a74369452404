-- artist_playlists: how much of each playlist is by each artist now.
-- grain: playlist_id, artist_id · reads: playlists, playlist_songs, songs, artists
-- A song is its primary artist's alone, so that the shares of a playlist add up to 1.
with songs_in_lists as (
    select distinct playlists.id as playlist_id, playlists.name as playlist_name, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
),

artists_in_lists as (
    select
        songs_in_lists.playlist_id,
        songs_in_lists.playlist_name,
        songs.artist_ids as artist_id,
        count(*) as song_count,
        sum(songs.duration_ms)::bigint as duration_ms
    from songs_in_lists
    inner join {{ source('spotify', 'songs') }} as songs on songs.id = songs_in_lists.song_id
    where songs.artist_ids is not null
    group by songs_in_lists.playlist_id, songs_in_lists.playlist_name, songs.artist_ids
)

select
    artists_in_lists.playlist_id,
    artists_in_lists.playlist_name,
    artists_in_lists.artist_id,
    artists.name as artist_name,
    artists_in_lists.song_count,
    artists_in_lists.song_count::double
    / sum(artists_in_lists.song_count) over (partition by artists_in_lists.playlist_id) as song_share,
    artists_in_lists.duration_ms,
    artists_in_lists.duration_ms::double
    / nullif(sum(artists_in_lists.duration_ms) over (partition by artists_in_lists.playlist_id), 0)
        as duration_share,
    rank() over (partition by artists_in_lists.playlist_id order by artists_in_lists.song_count desc)
        as artist_rank
from artists_in_lists
left join {{ source('spotify', 'artists') }} as artists on artists.id = artists_in_lists.artist_id
