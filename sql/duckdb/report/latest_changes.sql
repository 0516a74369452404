-- latest_changes: what the latest run that saw a change brought, by playlist.
with latest as (
    select playlist_id, playlist_name, changed_at, change
    from marts.playlist_changes
    qualify changed_at = max(changed_at) over ()
)

select
    playlist_id,
    playlist_name,
    changed_at,
    count(*) filter (where change = 'added') as added_song_count,
    count(*) filter (where change = 'removed') as removed_song_count,
    count(*) over () as playlist_count,
    sum(count(*) filter (where change = 'added')) over ()::bigint as all_added_count,
    sum(count(*) filter (where change = 'removed')) over ()::bigint as all_removed_count
from latest
group by playlist_id, playlist_name, changed_at
order by count(*) desc, playlist_name, playlist_id
limit 12
