-- held_songs: how many songs the five largest playlists held, by day on which that changed.
with lists as (
    select playlist_id, playlist_name, song_count
    from marts.playlist_overview
    order by song_count desc, playlist_name, playlist_id
    limit 5
),

moves as (
    select playlist_id, valid_from as moved_at, 1 as change from marts.playlist_memberships
    union all
    select playlist_id, valid_to as moved_at, -1 as change
    from marts.playlist_memberships
    where valid_to >= valid_from
),

days as (
    select moves.playlist_id, moves.moved_at::date as day, sum(moves.change) as change
    from moves
    inner join lists on lists.playlist_id = moves.playlist_id
    group by moves.playlist_id, day
)

select
    lists.playlist_id,
    lists.playlist_name,
    days.day,
    sum(days.change) over (partition by days.playlist_id order by days.day)::bigint as song_count
from days
inner join lists on lists.playlist_id = days.playlist_id
qualify row_number() over (partition by days.playlist_id order by days.day desc) <= 90
order by lists.song_count desc, lists.playlist_name, lists.playlist_id, days.day
