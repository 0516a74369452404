-- playlist_memberships: since when, and until when, each song was in each playlist.
-- grain: playlist_id, song_id, valid_from · reads: playlist_stays, playlist_snapshots, songs
-- A song that comes back has a row for each stay; one that moves within the list has one.
select
    stays.playlist_id,
    first_snapshots.playlist_name,
    stays.song_id,
    songs.name as song_name,
    first_snapshots.first_read_at as valid_from,
    next_snapshots.first_read_at as valid_to
from {{ ref('playlist_stays') }} as stays
inner join {{ ref('playlist_snapshots') }} as first_snapshots
    on first_snapshots.playlist_id = stays.playlist_id
    and first_snapshots.snapshot_number = stays.first_snapshot_number
left join {{ ref('playlist_snapshots') }} as next_snapshots
    on next_snapshots.playlist_id = stays.playlist_id
    and next_snapshots.snapshot_number = stays.last_snapshot_number + 1
left join {{ source('spotify', 'songs') }} as songs on songs.id = stays.song_id
