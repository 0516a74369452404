-- latest_changes: what the latest run that saw a change brought, by playlist.
with latest as (
    select max(changed_at) as changed_at from marts.playlist_changes
)

select
    changes.playlist_id,
    changes.playlist_name,
    latest.changed_at,
    count(*) filter (where changes.change = 'added') as added_song_count,
    count(*) filter (where changes.change = 'removed') as removed_song_count,
    count(*) over () as playlist_count,
    sum(count(*) filter (where changes.change = 'added')) over ()::bigint as all_added_count,
    sum(count(*) filter (where changes.change = 'removed')) over ()::bigint as all_removed_count
from marts.playlist_changes as changes
inner join latest on latest.changed_at = changes.changed_at
group by changes.playlist_id, changes.playlist_name, latest.changed_at
order by count(*) desc, changes.playlist_name, changes.playlist_id
limit 12
