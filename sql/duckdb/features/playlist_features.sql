-- playlist_features: what is known of each list that is concerned without its rows that are held back.
-- The spread is made of sums of whole numbers, which are the same in whatever order they are added up.
-- grain: playlist_id · reads: concerned_lists, features.interactions, features.song_features, core.playlists, core.songs · shipped: no
with train as (
    select
        pairs.playlist_id, pairs.song_id, pairs.added_at,
        songs.artist_ids as artist_id, songs.album_id, songs.duration_ms,
        year(features.release_date) as release_year, features.popularity_level, features.list_count
    from features.interactions as pairs
    semi join concerned_lists as concerned on concerned.playlist_id = pairs.playlist_id
    inner join core.songs as songs on songs.id = pairs.song_id
    inner join features.song_features as features on features.song_id = pairs.song_id
    where pairs.split = 'train'
),

profiles as (
    select
        playlist_id,
        count(*) as song_count,
        count(distinct artist_id) as artist_count,
        count(distinct album_id) as album_count,
        avg(duration_ms) as mean_duration_ms,
        avg(release_year) as mean_release_year,
        sqrt(
            (count(release_year) * sum(release_year * release_year) - sum(release_year) * sum(release_year))
            / nullif(count(release_year) * (count(release_year) - 1), 0)
        ) as release_year_spread,
        avg(popularity_level) as mean_popularity_level,
        avg(list_count) as mean_song_list_count,
        min(added_at) as first_added_at,
        max(added_at) as last_added_at
    from train
    group by playlist_id
),

artists as (
    select
        playlist_id,
        max(song_count) / sum(song_count) as top_artist_share
    from (
        select playlist_id, artist_id, count(*) as song_count from train
        where artist_id is not null
        group by playlist_id, artist_id
    )
    group by playlist_id
)

select
    playlists.id as playlist_id,
    coalesce(profiles.song_count, 0) as song_count,
    coalesce(profiles.artist_count, 0) as artist_count,
    coalesce(profiles.album_count, 0) as album_count,
    artists.top_artist_share,
    profiles.mean_duration_ms,
    profiles.mean_release_year,
    profiles.release_year_spread,
    profiles.mean_popularity_level,
    profiles.mean_song_list_count,
    profiles.first_added_at,
    profiles.last_added_at,
    date_diff('day', profiles.first_added_at, profiles.last_added_at) as span_days
from core.playlists as playlists
semi join concerned_lists as concerned on concerned.playlist_id = playlists.id
left join profiles on profiles.playlist_id = playlists.id
left join artists on artists.playlist_id = playlists.id
order by playlists.id
