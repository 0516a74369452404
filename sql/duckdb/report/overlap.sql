-- overlap: the eight playlists that share most songs, each with each.
with songs_in_lists as materialized (
    select distinct playlist_id, playlist_name, song_id
    from marts.playlist_songs_current
    where song_id <> ''
),

spread as (
    select song_id, count(*) - 1 as other_list_count
    from songs_in_lists
    group by song_id
),

lists as materialized (
    select
        songs.playlist_id,
        songs.playlist_name,
        count(*) as song_count,
        row_number() over (
            order by sum(spread.other_list_count) desc, songs.playlist_name, songs.playlist_id
        ) as place
    from songs_in_lists as songs
    inner join spread on spread.song_id = songs.song_id
    group by songs.playlist_id, songs.playlist_name
    having sum(spread.other_list_count) > 0
    order by place
    limit 8
),

-- Of these eight alone: all pairs of thousands of lists take seconds.
placed_songs as (
    select lists.place, songs.song_id
    from lists
    inner join songs_in_lists as songs on songs.playlist_id = lists.playlist_id
),

shared as (
    select one.place, other.place as other_place, count(*) as shared_song_count
    from placed_songs as one
    inner join placed_songs as other on other.song_id = one.song_id and other.place <> one.place
    group by one.place, other.place
)

select
    lists.place,
    lists.playlist_name,
    others.place as other_place,
    others.playlist_name as other_playlist_name,
    coalesce(shared.shared_song_count, 0) as shared_song_count,
    coalesce(
        shared.shared_song_count / (lists.song_count + others.song_count - shared.shared_song_count), 0
    ) as jaccard
from lists
cross join lists as others
left join shared on shared.place = lists.place and shared.other_place = others.place
order by lists.place, others.place
