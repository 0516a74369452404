-- playlist_churn: how much each playlist changed since it was first read, and how fast it forgets its songs.
-- grain: playlist_id · reads: playlists, playlist_snapshots, playlist_changes, playlist_songs
with change_counts as (
    select
        playlist_id,
        count(case when change = 'added' then 1 end) as added_song_count,
        count(case when change = 'removed' then 1 end) as removed_song_count
    from {{ ref('playlist_changes') }}
    group by playlist_id
),

spans as (
    select
        first_snapshots.playlist_id,
        first_snapshots.snapshot_id as first_snapshot_id,
        current_snapshots.snapshot_id as current_snapshot_id,
        datediff('microsecond', first_snapshots.first_read_at, current_snapshots.first_read_at)::double
        / 86400000000 as day_count
    from {{ ref('playlist_snapshots') }} as first_snapshots
    inner join {{ ref('playlist_snapshots') }} as current_snapshots
        on current_snapshots.playlist_id = first_snapshots.playlist_id and current_snapshots.is_current
    where first_snapshots.snapshot_number = 1
),

first_songs as (
    select distinct items.playlist_id, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join spans on spans.playlist_id = items.playlist_id and spans.first_snapshot_id = items.snapshot_id
    where items.song_id is not null
),

current_songs as (
    select distinct items.playlist_id, items.song_id
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join spans on spans.playlist_id = items.playlist_id and spans.current_snapshot_id = items.snapshot_id
    where items.song_id is not null
),

-- No row for a list whose first snapshot has no song: there is nothing that it could have kept.
retained as (
    select
        first_songs.playlist_id,
        count(current_songs.song_id)::double / count(*) as retained_share
    from first_songs
    left join current_songs
        on current_songs.playlist_id = first_songs.playlist_id and current_songs.song_id = first_songs.song_id
    group by first_songs.playlist_id
)

select
    playlists.id as playlist_id,
    playlists.name as playlist_name,
    coalesce(change_counts.added_song_count, 0) as added_song_count,
    coalesce(change_counts.removed_song_count, 0) as removed_song_count,
    retained.retained_share,
    -- As if the share that stays in a day had always been the same.
    spans.day_count * ln(0.5) / ln(
        case when retained.retained_share > 0 and retained.retained_share < 1 then retained.retained_share end
    ) as half_life_days
from {{ source('spotify', 'playlists') }} as playlists
left join change_counts on change_counts.playlist_id = playlists.id
left join spans on spans.playlist_id = playlists.id
left join retained on retained.playlist_id = playlists.id
