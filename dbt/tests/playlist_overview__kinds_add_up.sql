-- Nothing in a playlist is uncounted: the four kinds are all its rows.
select playlist_id, row_count, track_count, episode_count, local_count, removed_count
from {{ ref('playlist_overview') }}
where track_count + episode_count + local_count + removed_count <> row_count
