-- artists: one row per artist of a song or an album, or of a full artist document; the newest document wins.
-- grain: id · reads: pending_songs, pending_albums, staging.artist_objects · shipped: yes
-- guarded by: artists__name_is_not_null
create or replace temp table pending_artists as
from staging.artist_objects;

create or replace temp table next_artists as
with listed as (
    -- Within one document the song's list is believed before the album's, earlier places before later ones.
    select ordinal, 200 - least(generate_subscripts(artists, 1), 99) as rank, unnest(artists) as artist
    from pending_songs
    union all
    select ordinal, 100 - least(generate_subscripts(album.artists, 1), 99), unnest(album.artists)
    from pending_albums
    union all
    select
        ordinal, 255,
        struct_pack(id := artist.id, name := artist.name, external_urls := artist.external_urls)
    from pending_artists
    where artist is not null
),

newest as (
    -- 8 bits of rank below the ordinal: enough for two billion documents, and an overflow would be an error.
    select artist.id as id, arg_max(artist, ordinal * 256 + rank) as artist
    from listed
    where artist.id <> ''
    group by artist.id
),

artists as (
    select id, artist.name as name, artist.external_urls.spotify as url from newest
)

select *, staging.artists_hash(id, name, url) as row_hash
from artists;
