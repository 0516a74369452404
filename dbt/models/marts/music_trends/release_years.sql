-- release_years: from which years the songs of each playlist are now.
-- grain: playlist_id, release_year · reads: playlists, playlist_songs, songs, albums
with songs_in_lists as (
    select distinct playlists.id as playlist_id, playlists.name as playlist_name, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
)

select
    songs_in_lists.playlist_id,
    songs_in_lists.playlist_name,
    extract(year from albums.release_date)::integer as release_year,
    count(*) as song_count
from songs_in_lists
left join {{ source('spotify', 'songs') }} as songs on songs.id = songs_in_lists.song_id
left join {{ source('spotify', 'albums') }} as albums on albums.id = songs.album_id
group by
    songs_in_lists.playlist_id, songs_in_lists.playlist_name, extract(year from albums.release_date)::integer
