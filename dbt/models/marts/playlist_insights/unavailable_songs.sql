-- unavailable_songs: places of each playlist whose song Spotify no longer gives.
-- grain: playlist_id, position · reads: playlists, playlist_songs, songs
select
    items.playlist_id,
    playlists.name as playlist_name,
    items.position,
    items.song_id,
    items.added_at,
    items.added_by,
    case when items.item_kind = 'removed' then 'removed' else 'taken_down' end as reason
from {{ source('spotify', 'playlist_songs') }} as items
inner join {{ source('spotify', 'playlists') }} as playlists
    on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
left join {{ source('spotify', 'songs') }} as songs on songs.id = items.song_id
-- Spotify empties the name of a song that was taken down, and keeps its id.
where items.item_kind = 'removed' or (items.song_id is not null and coalesce(songs.name, '') = '')
