-- songs: one row per Spotify track; the newest document wins, but `added_at` is the earliest ever seen.
-- grain: id · reads: pending_rows, raw.rows, core.songs · shipped: yes
-- guarded by: songs__duration_is_positive, songs__key_is_unique

-- Songs are deduplicated by id before anything nested is read: albums and artists then come from
-- the distinct songs, which are far fewer than the rows.
create or replace temp table newest_songs as
with newest as (
    select song_id as id, max(ordinal) as ordinal, min(added_at) as added_at
    from pending_rows
    where song_id is not null
    group by song_id
)

-- Back to the row that the ordinal stands for.
select *, ordinal // 16777216 as document_id, (ordinal % 16777216)::integer as position
from newest;

create or replace temp table pending_songs as
with parsed as (
    select
        newest.id, newest.ordinal, newest.added_at,
        staging.read_json(rows.row_json, staging.song_row_structure()) as entry
    from raw.rows as rows
    inner join newest_songs as newest using (document_id, position)
),

songs as (
    select id, ordinal, added_at, coalesce(entry.item, entry.track) as song from parsed
)

select
    id, ordinal, added_at,
    song.name as name,
    staging.to_integer(song.duration_ms) as duration_ms,
    staging.to_integer(song.popularity) as popularity,
    song.external_urls.spotify as url,
    nullif(song.album.id, '') as album_id,
    nullif(song.artists[1].id, '') as artist_ids,
    song.album as album,
    song.artists as artists
from songs;

create or replace temp table next_songs as
with songs as (
    select
        pending.id,
        pending.name,
        -- least() ignores NULL.
        least(stored.added_at, pending.added_at) as added_at,
        pending.duration_ms,
        pending.popularity,
        pending.url,
        pending.album_id,
        pending.artist_ids
    from pending_songs as pending
    left join core.songs as stored using (id)
)

select
    *,
    staging.songs_hash(id, name, added_at, duration_ms, popularity, url, album_id, artist_ids) as row_hash
from songs;
