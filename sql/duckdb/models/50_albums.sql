-- albums: one row per album, from the songs' own albums and from full album documents; the newest document wins.
-- grain: id · reads: pending_songs, staging.album_objects · shipped: yes · guarded by: albums__release_date_is_plausible
create or replace temp table full_albums as
from staging.album_objects;

create or replace temp table pending_albums as
with versions as (
    select album_id as id, ordinal from pending_songs
    union all
    select nullif(album.id, ''), ordinal from full_albums
),

newest as (
    select max(ordinal) as ordinal
    from versions
    where id is not null
    group by id
)

select ordinal, pending_songs.album from pending_songs inner join newest using (ordinal)
union all
select ordinal, full_albums.album from full_albums inner join newest using (ordinal);

create or replace temp table next_albums as
with albums as (
    select
        album.id as id,
        album.name as name,
        staging.to_date(album.release_date) as release_date,
        staging.to_integer(album.total_tracks) as total_tracks,
        album.external_urls.spotify as url
    from pending_albums
)

select *, staging.albums_hash(id, name, release_date, total_tracks, url) as row_hash
from albums;
