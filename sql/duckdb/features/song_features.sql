-- song_features: what is known of each song without the rows that are held back.
-- Everything that is counted in lists is counted in the rows of `train` alone, so that no feature knows a row of validation or test, or
-- that there is one. What Spotify says of a song (duration, release, popularity) does not come from the rows.
-- grain: song_id · reads: features.interactions, features.degrees, core.songs, core.albums, core.song_observations · shipped: no
with train as (
    select playlist_id, song_id, added_at from features.interactions
    where split = 'train'
),

-- The day up to which there is something to learn from: nothing reads the clock.
horizon as (
    select max(added_at) as ends_at from train
),

in_lists as (
    select song_id, count(*) as list_count, min(added_at) as first_added_at
    from train
    group by song_id
),

of_artists as (
    select
        songs.artist_ids as artist_id,
        count(distinct train.song_id) as song_count,
        count(distinct train.playlist_id) as list_count
    from train
    inner join core.songs as songs on songs.id = train.song_id
    where songs.artist_ids is not null
    group by songs.artist_ids
),

of_albums as (
    select
        songs.album_id,
        count(distinct train.song_id) as song_count,
        count(distinct train.playlist_id) as list_count
    from train
    inner join core.songs as songs on songs.id = train.song_id
    where songs.album_id is not null
    group by songs.album_id
),

observed as (
    select
        song_id, popularity, observed_on,
        max(observed_on) over (partition by song_id) - observed_on as age_days
    from core.song_observations
    where popularity is not null
),

lines as (
    select
        song_id,
        arg_max(popularity, observed_on) as level,
        max(observed_on) as observed_on,
        count(*) as observation_count,
        regr_slope(popularity, -age_days) filter (age_days < 7) as slope_7d,
        regr_slope(popularity, -age_days) filter (age_days < 28) as slope_28d,
        stddev_samp(popularity) filter (age_days < 28) as volatility_28d
    from observed
    group by song_id
),

popularity as (
    select
        -- Through one day goes no line, of which DuckDB says that it is not a number.
        * replace (
            if(isnan(slope_7d), null, slope_7d) as slope_7d,
            if(isnan(slope_28d), null, slope_28d) as slope_28d
        )
    from lines
)

select
    songs.id as song_id,
    songs.artist_ids as artist_id,
    songs.album_id,
    songs.duration_ms,
    albums.release_date,
    albums.total_tracks as album_track_count,
    popularity.level as popularity_level,
    popularity.observed_on as popularity_observed_on,
    coalesce(popularity.observation_count, 0) as popularity_observation_count,
    popularity.slope_7d as popularity_slope_7d,
    popularity.slope_28d as popularity_slope_28d,
    popularity.volatility_28d as popularity_volatility_28d,
    in_lists.first_added_at as first_seen_at,
    date_diff('day', in_lists.first_added_at, horizon.ends_at) as age_days,
    date_diff('day', albums.release_date, horizon.ends_at::date) as release_age_days,
    coalesce(in_lists.list_count, 0) as list_count,
    coalesce(degrees.co_occurrence_degree, 0) as co_occurrence_degree,
    coalesce(of_artists.song_count, 0) as artist_song_count,
    coalesce(of_artists.list_count, 0) as artist_list_count,
    coalesce(of_albums.song_count, 0) as album_song_count,
    coalesce(of_albums.list_count, 0) as album_list_count
from core.songs as songs
cross join horizon
left join core.albums as albums on albums.id = songs.album_id
left join popularity on popularity.song_id = songs.id
left join in_lists on in_lists.song_id = songs.id
left join degrees on degrees.song_id = songs.id
left join of_artists on of_artists.artist_id = songs.artist_ids
left join of_albums on of_albums.album_id = songs.album_id
order by songs.id
