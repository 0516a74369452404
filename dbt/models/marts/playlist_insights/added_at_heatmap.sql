-- added_at_heatmap: on which weekday and at which hour the songs of each playlist were added.
-- grain: playlist_id, iso_weekday, hour · reads: playlists, playlist_songs
with added_songs as (
    select
        playlists.id as playlist_id,
        playlists.name as playlist_name,
        items.song_id,
        -- 1 January of year 1 is a Monday; both engines count days alike, but not weekdays.
        (mod(datediff('day', date '0001-01-01', items.added_at::date), 7) + 1)::integer as iso_weekday,
        extract(hour from items.added_at)::integer as hour
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ source('spotify', 'playlists') }} as playlists
        on playlists.id = items.playlist_id and playlists.snapshot_id = items.snapshot_id
    where items.song_id is not null and items.added_at is not null
)

select
    playlist_id,
    playlist_name,
    iso_weekday,
    hour,
    count(distinct song_id) as song_count
from added_songs
group by playlist_id, playlist_name, iso_weekday, hour
