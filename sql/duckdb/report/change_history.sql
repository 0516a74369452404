-- change_history: songs that came and went, by day on which a run saw it.
select
    changed_at::date as changed_on,
    count(*) filter (where change = 'added') as added_song_count,
    count(*) filter (where change = 'removed') as removed_song_count
from marts.playlist_changes
group by changed_on
order by changed_on desc
limit 60
