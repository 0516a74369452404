-- song_observations: popularity and spread of each song that this run read, per day; the day's last run wins.
-- grain: song_id, observed_on · reads: next_songs, next_playlists, pending_rows, core.playlists, core.playlist_songs
-- shipped: yes · guarded by: song_observations__key_is_unique, song_observations__song_exists
create or replace temp table next_song_observations as
with playlists as (
    select id, snapshot_id from next_playlists
    union all
    select id, snapshot_id from core.playlists
    where id not in (select id from next_playlists where id is not null)
),

-- A number is far cheaper to count than an id.
current_snapshots as (
    select id as playlist_id, snapshot_id, row_number() over ()::integer as playlist_number from playlists
),

song_numbers as (
    select id as song_id, row_number() over ()::integer as song_number from newest_songs
),

pending_numbers as (
    select snapshots.read_id, numbers.playlist_number
    from pending_snapshots as snapshots
    inner join current_snapshots as numbers using (playlist_id, snapshot_id)
),

-- A pending snapshot is in this run from its first row to its last; the rows of the others are in core.
stored_numbers as (
    select * from current_snapshots
    where playlist_number not in (select playlist_number from pending_numbers)
),

memberships as (
    select songs.song_number, numbers.playlist_number
    from pending_rows as rows
    inner join pending_numbers as numbers using (read_id)
    inner join song_numbers as songs using (song_id)
    union
    select songs.song_number, numbers.playlist_number
    from core.playlist_songs as rows
    inner join stored_numbers as numbers using (playlist_id, snapshot_id)
    inner join song_numbers as songs using (song_id)
),

spread as (
    select songs.song_id, counts.playlist_count
    from (select song_number, count(*) as playlist_count from memberships group by song_number) as counts
    inner join song_numbers as songs using (song_number)
),

observations as (
    select
        songs.id as song_id,
        getvariable('extracted_at')::timestamp::date as observed_on,
        songs.popularity,
        coalesce(spread.playlist_count, 0)::integer as playlist_count
    from next_songs as songs
    left join spread on spread.song_id = songs.id
)

select *, staging.song_observations_hash(song_id, observed_on, popularity, playlist_count) as row_hash
from observations;
