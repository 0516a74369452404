-- totals: the figures above everything else.
with lists as (
    select
        count(*) as playlist_count,
        coalesce(sum(row_count), 0)::bigint as row_count,
        coalesce(sum(song_duration_ms), 0)::bigint as duration_ms
    from marts.playlist_overview
),

songs as (
    select count(distinct song_id) as song_count, count(distinct artist_id) as artist_count
    from marts.playlist_songs_current
),

known as (
    select count(*) as known_song_count from core.songs
)

select * from lists cross join songs cross join known
