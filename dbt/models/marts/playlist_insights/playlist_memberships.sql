-- playlist_memberships: since when, and until when, each song was in each playlist.
-- grain: playlist_id, song_id, valid_from · reads: playlist_snapshots, playlist_songs, songs
-- A song that comes back has a row for each stay; one that moves within the list has one.
with song_snapshots as (
    select distinct
        snapshots.playlist_id, snapshots.playlist_name, snapshots.snapshot_number, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ ref('playlist_snapshots') }} as snapshots
        on snapshots.playlist_id = items.playlist_id and snapshots.snapshot_id = items.snapshot_id
    where items.song_id is not null
),

-- In an unbroken row of snapshots both numbers rise by one, so that their difference stays.
numbered as (
    select
        song_snapshots.*,
        snapshot_number
        - row_number() over (partition by playlist_id, song_id order by snapshot_number) as stay
    from song_snapshots
),

stays as (
    select
        playlist_id, playlist_name, song_id,
        min(snapshot_number) as first_number,
        max(snapshot_number) as last_number
    from numbered
    group by playlist_id, playlist_name, song_id, stay
)

select
    stays.playlist_id,
    stays.playlist_name,
    stays.song_id,
    songs.name as song_name,
    first_snapshots.first_read_at as valid_from,
    next_snapshots.first_read_at as valid_to
from stays
inner join {{ ref('playlist_snapshots') }} as first_snapshots
    on first_snapshots.playlist_id = stays.playlist_id and first_snapshots.snapshot_number = stays.first_number
left join {{ ref('playlist_snapshots') }} as next_snapshots
    on next_snapshots.playlist_id = stays.playlist_id and next_snapshots.snapshot_number = stays.last_number + 1
left join {{ source('spotify', 'songs') }} as songs on songs.id = stays.song_id
