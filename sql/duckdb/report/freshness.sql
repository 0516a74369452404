-- freshness: when each playlist was last looked at, and when it last changed; the whole is the row of no playlist.
select
    coalesce(playlists.playlist_name, '') as playlist_name,
    coalesce(playlists.playlist_id, '') as playlist_id,
    freshness.last_run_id, freshness.last_run_at, freshness.last_proof_at,
    freshness.last_looked_at, freshness.last_changed_at,
    greatest(0, date_diff('day', freshness.last_changed_at, max(freshness.last_run_at) over ()))
        as unchanged_day_count
from operations.freshness as freshness
left join marts.playlist_overview as playlists on playlists.playlist_id = freshness.subject
order by playlists.playlist_id <> '', unchanged_day_count desc, playlist_name
limit 13
