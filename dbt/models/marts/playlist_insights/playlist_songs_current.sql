-- playlist_songs_current: what is in each playlist now, with names.
-- grain: playlist_id, position · reads: playlists, playlist_songs, songs, artists, albums
select
    items.playlist_id,
    playlists.name as playlist_name,
    items.snapshot_id,
    items.position,
    items.item_kind,
    items.song_id,
    songs.name as song_name,
    songs.artist_ids as artist_id,
    artists.name as artist_name,
    songs.album_id,
    albums.name as album_name,
    albums.release_date as album_release_date,
    songs.duration_ms,
    songs.popularity,
    items.added_at,
    items.added_by,
    songs.url as song_url
from {{ source('spotify', 'playlist_songs') }} as items
inner join {{ source('spotify', 'playlists') }} as playlists
    on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
left join {{ source('spotify', 'songs') }} as songs on songs.id = items.song_id
left join {{ source('spotify', 'artists') }} as artists on artists.id = songs.artist_ids
left join {{ source('spotify', 'albums') }} as albums on albums.id = songs.album_id
