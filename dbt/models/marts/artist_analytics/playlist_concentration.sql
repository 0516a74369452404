-- playlist_concentration: how evenly the songs of each playlist are spread over artists now.
-- grain: playlist_id · reads: playlists, artist_playlists
with ordered_artists as (
    select
        playlist_id, song_count,
        row_number() over (partition by playlist_id order by song_count, artist_id) as rising_number,
        row_number() over (partition by playlist_id order by song_count desc, artist_id desc) as falling_number
    from {{ ref('artist_playlists') }}
),

totals as (
    select
        playlist_id,
        count(*) as artist_count,
        sum(song_count)::double as song_count,
        sum(case when falling_number <= 10 then song_count else 0 end)::double as top_10_song_count,
        sum(rising_number * song_count)::double as weighted_song_count
    from ordered_artists
    group by playlist_id
)

select
    playlists.id as playlist_id,
    playlists.name as playlist_name,
    coalesce(totals.artist_count, 0) as artist_count,
    totals.top_10_song_count / totals.song_count as top_10_share,
    2 * totals.weighted_song_count / (totals.artist_count * totals.song_count)
    - (totals.artist_count + 1)::double / totals.artist_count as gini
from {{ source('spotify', 'playlists') }} as playlists
left join totals on totals.playlist_id = playlists.id
