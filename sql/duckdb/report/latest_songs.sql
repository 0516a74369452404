-- latest_songs: the songs of the latest change, a few of each playlist.
with latest as (
    select max(changed_at) as changed_at from marts.playlist_changes
)

select changes.playlist_id, changes.change, changes.song_id, changes.song_name
from marts.playlist_changes as changes
inner join latest on latest.changed_at = changes.changed_at
qualify row_number() over (
    partition by changes.playlist_id, changes.change order by changes.song_name, changes.song_id
) <= 8
order by changes.playlist_id, changes.change, changes.song_name, changes.song_id
limit 200
