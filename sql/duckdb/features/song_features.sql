-- song_features: what is known of each song that is concerned without the rows that are held back.
-- Everything that is counted in lists is counted in the rows of `train` alone, so that no feature knows a row of validation or test, or
-- that there is one. What Spotify says of a song (duration, release, popularity) does not come from the rows.
-- Lines and deviations are made of sums of whole numbers, which are the same in whatever order they are added up.
-- grain: song_id · reads: concerned_songs, degree_parts, features.interactions, core.songs, core.albums, core.song_observations
-- shipped: no
with concerned as (
    select songs.rowid as number, songs.id, songs.artist_ids, songs.album_id, songs.duration_ms
    from core.songs as songs
    semi join concerned_songs as wanted on wanted.song_id = songs.id
),

train as (
    select playlist_id, song_id, added_at from features.interactions
    where split = 'train'
),

-- The day up to which there is something to learn from: nothing reads the clock.
horizon as (
    select max(added_at) as ends_at from train
),

in_lists as (
    select train.song_id, count(*) as list_count, min(train.added_at) as first_added_at
    from train
    semi join concerned_songs as wanted on wanted.song_id = train.song_id
    group by train.song_id
),

degrees as (
    select song, sum(part)::bigint as co_occurrence_degree
    from degree_parts
    group by song
),

of_artists as (
    select
        songs.artist_ids as artist_id,
        count(distinct train.song_id) as song_count,
        count(distinct train.playlist_id) as list_count
    from train
    inner join core.songs as songs on songs.id = train.song_id
    semi join concerned on concerned.artist_ids = songs.artist_ids
    group by songs.artist_ids
),

of_albums as (
    select
        songs.album_id,
        count(distinct train.song_id) as song_count,
        count(distinct train.playlist_id) as list_count
    from train
    inner join core.songs as songs on songs.id = train.song_id
    semi join concerned on concerned.album_id = songs.album_id
    group by songs.album_id
),

observed as (
    select
        song_id, popularity, observed_on,
        observed_on - max(observed_on) over (partition by song_id) as day
    from core.song_observations
    semi join concerned_songs using (song_id)
    where popularity is not null
),

seen as (
    select
        song_id,
        arg_max(popularity, observed_on) as level,
        max(observed_on) as observed_on,
        count(*) as observation_count
    from observed
    group by song_id
),

sums as (
    select
        observed.song_id,
        spans.span,
        count(*) as n,
        sum(observed.day) as x,
        sum(observed.popularity) as y,
        sum(observed.day * observed.day) as xx,
        sum(observed.day * observed.popularity) as xy,
        sum(observed.popularity * observed.popularity) as yy
    from observed
    inner join (values (7), (28)) as spans (span) on -spans.span < observed.day
    group by observed.song_id, spans.span
),

-- Through one day goes no line, and it does not vary.
lines as (
    select
        song_id,
        max((n * xy - x * y) / nullif(n * xx - x * x, 0)) filter (span = 7) as slope_7d,
        max((n * xy - x * y) / nullif(n * xx - x * x, 0)) filter (span = 28) as slope_28d,
        max(sqrt((n * yy - y * y) / nullif(n * (n - 1), 0))) filter (span = 28) as volatility_28d
    from sums
    group by song_id
)

select
    songs.id as song_id,
    songs.artist_ids as artist_id,
    songs.album_id,
    songs.duration_ms,
    albums.release_date,
    albums.total_tracks as album_track_count,
    seen.level as popularity_level,
    seen.observed_on as popularity_observed_on,
    coalesce(seen.observation_count, 0) as popularity_observation_count,
    lines.slope_7d as popularity_slope_7d,
    lines.slope_28d as popularity_slope_28d,
    lines.volatility_28d as popularity_volatility_28d,
    in_lists.first_added_at as first_seen_at,
    date_diff('day', in_lists.first_added_at, horizon.ends_at) as age_days,
    date_diff('day', albums.release_date, horizon.ends_at::date) as release_age_days,
    coalesce(in_lists.list_count, 0) as list_count,
    coalesce(degrees.co_occurrence_degree, 0) as co_occurrence_degree,
    coalesce(of_artists.song_count, 0) as artist_song_count,
    coalesce(of_artists.list_count, 0) as artist_list_count,
    coalesce(of_albums.song_count, 0) as album_song_count,
    coalesce(of_albums.list_count, 0) as album_list_count
from concerned as songs
cross join horizon
left join core.albums as albums on albums.id = songs.album_id
left join seen on seen.song_id = songs.id
left join lines on lines.song_id = songs.id
left join in_lists on in_lists.song_id = songs.id
left join degrees on degrees.song = songs.number
left join of_artists on of_artists.artist_id = songs.artist_ids
left join of_albums on of_albums.album_id = songs.album_id
order by songs.id
