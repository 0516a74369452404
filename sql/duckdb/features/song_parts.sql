-- song_parts: what song_features are put together from, a table each: in one statement all of them would be in memory at once.
-- Everything that is counted in lists is counted in the rows of `train` alone, so that no feature knows a row of validation or test, or
-- that there is one. What Spotify says of a song (duration, release, popularity) does not come from the rows.
-- Lines and deviations are made of sums of whole numbers, which are the same in whatever order they are added up.
-- grain: see each table · reads: concerned_songs, degree_parts, features.interactions, core.songs, core.song_observations · shipped: no
create or replace temp table song_lists as
select pairs.song_id, count(*) as list_count, min(pairs.added_at) as first_added_at
from features.interactions as pairs
semi join concerned_songs as wanted on wanted.song_id = pairs.song_id
where pairs.split = 'train'
group by pairs.song_id;

create or replace temp table song_degrees as
select song, sum(part)::bigint as co_occurrence_degree
from degree_parts
group by song;

create or replace temp table artist_counts as
with concerned as (
    select distinct songs.artist_ids
    from core.songs as songs
    semi join concerned_songs as wanted on wanted.song_id = songs.id
)

select
    songs.artist_ids as artist_id,
    count(distinct pairs.song_id) as song_count,
    count(distinct pairs.playlist_id) as list_count
from features.interactions as pairs
inner join core.songs as songs on songs.id = pairs.song_id
semi join concerned on concerned.artist_ids = songs.artist_ids
where pairs.split = 'train'
group by songs.artist_ids;

create or replace temp table album_counts as
with concerned as (
    select distinct songs.album_id
    from core.songs as songs
    semi join concerned_songs as wanted on wanted.song_id = songs.id
)

select
    songs.album_id,
    count(distinct pairs.song_id) as song_count,
    count(distinct pairs.playlist_id) as list_count
from features.interactions as pairs
inner join core.songs as songs on songs.id = pairs.song_id
semi join concerned on concerned.album_id = songs.album_id
where pairs.split = 'train'
group by songs.album_id;

create or replace temp table observed_days as
select
    song_id, popularity, observed_on,
    observed_on - max(observed_on) over (partition by song_id) as day
from core.song_observations
semi join concerned_songs using (song_id)
where popularity is not null;

create or replace temp table popularity_levels as
select
    song_id,
    arg_max(popularity, observed_on) as level,
    max(observed_on) as observed_on,
    count(*) as observation_count
from observed_days
group by song_id;

-- Through one day goes no line, and it does not vary.
create or replace temp table popularity_lines as
with sums as (
    select
        observed.song_id,
        spans.span,
        count(*) as n,
        sum(observed.day) as x,
        sum(observed.popularity) as y,
        sum(observed.day * observed.day) as xx,
        sum(observed.day * observed.popularity) as xy,
        sum(observed.popularity * observed.popularity) as yy
    from observed_days as observed
    inner join (values (7), (28)) as spans (span) on -spans.span < observed.day
    group by observed.song_id, spans.span
)

select
    song_id,
    max((n * xy - x * y) / nullif(n * xx - x * x, 0)) filter (span = 7) as slope_7d,
    max((n * xy - x * y) / nullif(n * xx - x * x, 0)) filter (span = 28) as slope_28d,
    max(sqrt((n * yy - y * y) / nullif(n * (n - 1), 0))) filter (span = 28) as volatility_28d
from sums
group by song_id;
