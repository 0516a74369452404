-- songs: one row per Spotify track; the newest document wins, but `added_at` is the earliest ever seen.
-- grain: id · reads: pending_rows, pending_items, core.songs · shipped: yes
-- guarded by: songs__duration_is_positive, songs__key_is_unique

-- Songs are deduplicated by id before anything nested is read: albums and artists then come from
-- the distinct songs, which are far fewer than the rows.
create or replace temp table newest_songs as
select song_id as id, max(ordinal) as ordinal, arg_max(item_id, ordinal) as item_id, min(added_at) as added_at
from pending_rows
where song_id is not null
group by song_id;

-- A view: albums and artists are dear to store twice.
create or replace temp view pending_songs as
select
    newest.id, newest.ordinal, newest.added_at,
    items.name, items.duration_ms, items.popularity, items.url,
    nullif(items.album.id, '') as album_id,
    nullif(items.artists[1].id, '') as artist_ids,
    items.album, items.artists
from newest_songs as newest
inner join pending_items as items using (item_id);

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
