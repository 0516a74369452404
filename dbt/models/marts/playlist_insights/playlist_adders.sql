-- playlist_adders: who added how many of the songs that are in each playlist now.
-- grain: playlist_id, added_by · reads: playlists, playlist_songs
with added_songs as (
    select
        playlists.id as playlist_id,
        playlists.name as playlist_name,
        items.song_id,
        items.added_at,
        nullif(items.added_by, '') as added_by
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
)

select
    playlist_id,
    playlist_name,
    added_by,
    count(distinct song_id) as song_count,
    min(added_at) as first_added_at,
    max(added_at) as last_added_at
from added_songs
group by playlist_id, playlist_name, added_by
