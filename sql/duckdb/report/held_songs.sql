-- held_songs: how many songs the five largest playlists held, by day on which that changed.
with moves as (
    select
        playlist_id,
        playlist_name,
        unnest([valid_from, valid_to]) as moved_at,
        unnest([1, -1]) as change
    from marts.playlist_memberships
),

days as (
    select playlist_id, playlist_name, moved_at::date as day, sum(change) as change
    from moves
    where moved_at > timestamp '1970-01-01'
    group by playlist_id, playlist_name, day
),

held as (
    select
        playlist_id,
        playlist_name,
        day,
        (sum(change) over (partition by playlist_id order by day))::bigint as song_count,
        sum(change) over (partition by playlist_id) as last_song_count,
        row_number() over (partition by playlist_id order by day desc) as days_after
    from days
)

select playlist_id, playlist_name, day, song_count
from held
where days_after <= 90
qualify dense_rank() over (order by last_song_count desc, playlist_name, playlist_id) <= 5
order by last_song_count desc, playlist_name, playlist_id, day
