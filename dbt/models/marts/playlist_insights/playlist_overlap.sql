-- playlist_overlap: how many songs two playlists share now, and how alike that makes them.
-- grain: playlist_id, other_playlist_id · reads: playlists, playlist_songs
-- Numbers instead of ids, because every song pairs all the lists that hold it.
with numbered_playlists as (
    select id, name, snapshot_id, row_number() over (order by id) as playlist_number
    from {{ source('spotify', 'playlists') }}
),

songs_in_lists as (
    select distinct playlists.playlist_number, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join numbered_playlists as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null
),

song_counts as (
    select playlist_number, count(*) as song_count
    from songs_in_lists
    group by playlist_number
),

shared as (
    select
        one.playlist_number, other.playlist_number as other_playlist_number, count(*) as shared_song_count
    from songs_in_lists as one
    inner join songs_in_lists as other
        on other.song_id = one.song_id and other.playlist_number > one.playlist_number
    group by one.playlist_number, other.playlist_number
),

both_ways as (
    select playlist_number, other_playlist_number, shared_song_count from shared
    union all
    select other_playlist_number, playlist_number, shared_song_count from shared
)

select
    playlists.id as playlist_id,
    playlists.name as playlist_name,
    other_playlists.id as other_playlist_id,
    other_playlists.name as other_playlist_name,
    both_ways.shared_song_count,
    both_ways.shared_song_count::double
    / (song_counts.song_count + other_song_counts.song_count - both_ways.shared_song_count) as jaccard
from both_ways
inner join numbered_playlists as playlists on playlists.playlist_number = both_ways.playlist_number
inner join numbered_playlists as other_playlists
    on other_playlists.playlist_number = both_ways.other_playlist_number
inner join song_counts on song_counts.playlist_number = both_ways.playlist_number
inner join song_counts as other_song_counts
    on other_song_counts.playlist_number = both_ways.other_playlist_number
