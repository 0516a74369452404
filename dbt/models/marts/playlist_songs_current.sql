-- playlist_songs_current: what is in each playlist now, with names.
-- grain: playlist_id, position · reads: playlists, playlist_songs, songs, artists, albums
-- In Snowflake the sources are append-only, so every step takes the latest row per key; in DuckDB there is only one.
with playlists as (
    select id, name, snapshot_id from {{ source('spotify', 'playlists') }}
    qualify row_number() over (partition by id order by extracted_at desc, run_id desc) = 1
),

songs as (
    select * from {{ source('spotify', 'songs') }}
    qualify row_number() over (partition by id order by extracted_at desc, run_id desc) = 1
),

artists as (
    select id, name from {{ source('spotify', 'artists') }}
    qualify row_number() over (partition by id order by extracted_at desc, run_id desc) = 1
),

albums as (
    select id, name, release_date from {{ source('spotify', 'albums') }}
    qualify row_number() over (partition by id order by extracted_at desc, run_id desc) = 1
),

current_items as (
    select
        playlists.name as playlist_name,
        items.playlist_id, items.snapshot_id, items.position, items.item_kind,
        items.song_id, items.added_at, items.added_by
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    qualify row_number() over (
        partition by items.playlist_id, items.snapshot_id, items.position
        order by items.extracted_at desc, items.run_id desc
    ) = 1
)

select
    current_items.playlist_id,
    current_items.playlist_name,
    current_items.snapshot_id,
    current_items.position,
    current_items.item_kind,
    current_items.song_id,
    songs.name as song_name,
    songs.artist_ids as artist_id,
    artists.name as artist_name,
    songs.album_id,
    albums.name as album_name,
    albums.release_date as album_release_date,
    songs.duration_ms,
    songs.popularity,
    current_items.added_at,
    current_items.added_by,
    songs.url as song_url
from current_items
left join songs on songs.id = current_items.song_id
left join artists on artists.id = songs.artist_ids
left join albums on albums.id = songs.album_id
