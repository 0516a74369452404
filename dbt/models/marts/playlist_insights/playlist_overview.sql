-- playlist_overview: size, length and age of each playlist now, by kind of item.
-- grain: playlist_id · reads: playlists, playlist_songs_current
with counts as (
    select
        playlist_id,
        count(*) as row_count,
        count(case when item_kind = 'track' then 1 end) as track_count,
        count(case when item_kind = 'episode' then 1 end) as episode_count,
        count(case when item_kind = 'local' then 1 end) as local_count,
        count(case when item_kind = 'removed' then 1 end) as removed_count,
        count(distinct song_id) as song_count,
        count(distinct artist_id) as artist_count,
        sum(duration_ms)::bigint as song_duration_ms,
        min(added_at) as first_added_at,
        max(added_at) as last_added_at
    from {{ ref('playlist_songs_current') }}
    group by playlist_id
)

select
    playlists.id as playlist_id,
    playlists.name as playlist_name,
    playlists.owner_id,
    playlists.is_public,
    playlists.is_collaborative,
    playlists.snapshot_id,
    playlists.item_count,
    coalesce(counts.row_count, 0) as row_count,
    coalesce(counts.track_count, 0) as track_count,
    coalesce(counts.episode_count, 0) as episode_count,
    coalesce(counts.local_count, 0) as local_count,
    coalesce(counts.removed_count, 0) as removed_count,
    coalesce(counts.song_count, 0) as song_count,
    coalesce(counts.artist_count, 0) as artist_count,
    coalesce(counts.song_duration_ms, 0) as song_duration_ms,
    counts.first_added_at,
    counts.last_added_at,
    playlists.url as playlist_url
from {{ source('spotify', 'playlists') }} as playlists
left join counts on counts.playlist_id = playlists.id
