-- songs_added_weekly: how many songs were added to each playlist in each week, those that left since included.
-- grain: playlist_id, week · reads: playlists, playlist_songs
with added_songs as (
    select
        items.playlist_id,
        items.song_id,
        -- 1 January of year 1 is a Monday; what `date_trunc` takes for one is a setting in Snowflake.
        items.added_at::date - mod(datediff('day', date '0001-01-01', items.added_at::date), 7)::integer as week
    from {{ source('spotify', 'playlist_songs') }} as items
    where items.song_id is not null and items.added_at is not null
)

select
    added_songs.playlist_id,
    playlists.name as playlist_name,
    added_songs.week,
    count(distinct added_songs.song_id) as added_song_count
from added_songs
inner join {{ source('spotify', 'playlists') }} as playlists on playlists.id = added_songs.playlist_id
group by added_songs.playlist_id, playlists.name, added_songs.week
