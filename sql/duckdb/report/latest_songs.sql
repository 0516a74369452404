-- latest_songs: the songs of the latest change, a few of each playlist.
with latest as (
    select playlist_id, change, song_id, song_name
    from marts.playlist_changes
    qualify changed_at = max(changed_at) over ()
)

select playlist_id, change, song_id, song_name
from latest
qualify row_number() over (partition by playlist_id, change order by song_name, song_id) <= 6
order by playlist_id, change, song_name, song_id
limit 200
