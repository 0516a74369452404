-- playlist_churn: how much each playlist changed since it was first read, and how fast it loses its songs.
-- grain: playlist_id · reads: playlists, playlist_stays, playlist_snapshots
with spans as (
    select
        playlist_id,
        max(snapshot_number) as current_number,
        datediff('microsecond', min(first_read_at), max(first_read_at))::double / 86400000000 as day_count
    from {{ ref('playlist_snapshots') }}
    group by playlist_id
),

-- A song of the first snapshot may have left and come back.
songs_in_lists as (
    select
        stays.playlist_id, stays.song_id,
        count(case when stays.first_snapshot_number > 1 then 1 end) as added_count,
        count(case when stays.last_snapshot_number < spans.current_number then 1 end) as removed_count,
        max(case when stays.first_snapshot_number = 1 then 1 else 0 end) as is_in_first,
        max(case when stays.last_snapshot_number = spans.current_number then 1 else 0 end) as is_in_current
    from {{ ref('playlist_stays') }} as stays
    inner join spans on spans.playlist_id = stays.playlist_id
    group by stays.playlist_id, stays.song_id
),

counts as (
    select
        playlist_id,
        sum(added_count)::bigint as added_song_count,
        sum(removed_count)::bigint as removed_song_count,
        sum(is_in_first * is_in_current)::double / nullif(sum(is_in_first), 0) as retained_share
    from songs_in_lists
    group by playlist_id
)

select
    playlists.id as playlist_id,
    playlists.name as playlist_name,
    coalesce(counts.added_song_count, 0) as added_song_count,
    coalesce(counts.removed_song_count, 0) as removed_song_count,
    counts.retained_share,
    -- As if each day had taken the same share of what was left.
    spans.day_count * ln(0.5) / ln(
        case when counts.retained_share > 0 and counts.retained_share < 1 then counts.retained_share end
    ) as half_life_days
from {{ source('spotify', 'playlists') }} as playlists
left join spans on spans.playlist_id = playlists.id
left join counts on counts.playlist_id = playlists.id
