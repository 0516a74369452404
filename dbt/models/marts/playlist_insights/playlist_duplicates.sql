-- playlist_duplicates: songs that stand in a playlist more than once now, under their own id or under others.
-- grain: playlist_id, song_id · reads: playlists, playlist_songs, songs, artists
with songs_in_lists as (
    select
        playlists.id as playlist_id,
        playlists.name as playlist_name,
        items.song_id,
        songs.name as song_name,
        songs.artist_ids as artist_id,
        -- The same blanks on both engines, whose `trim` alone takes different ones; no title is NULL, not ''.
        nullif(lower(trim(songs.name, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(12288))), '') as title,
        count(*) as row_count
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    left join {{ source('spotify', 'songs') }} as songs on songs.id = items.song_id
    where items.song_id is not null
    group by playlists.id, playlists.name, items.song_id, songs.name, songs.artist_ids
),

compared as (
    select
        songs_in_lists.*,
        case
            when title is not null and artist_id is not null
                then count(*) over (partition by playlist_id, artist_id, title) - 1
            else 0
        end as other_song_count
    from songs_in_lists
)

select
    compared.playlist_id,
    compared.playlist_name,
    compared.song_id,
    compared.song_name,
    compared.artist_id,
    artists.name as artist_name,
    compared.row_count,
    compared.other_song_count
from compared
left join {{ source('spotify', 'artists') }} as artists on artists.id = compared.artist_id
where compared.row_count > 1 or compared.other_song_count > 0
