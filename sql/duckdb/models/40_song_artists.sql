-- song_artists: who performs a song, in Spotify's order; artists without an id have no place in it.
-- grain: song_id, artist_position · reads: pending_songs · shipped: yes
-- guarded by: song_artists__artist_exists, song_artists__first_is_primary
create or replace temp table next_song_artists as
with listed as (
    select
        id as song_id,
        generate_subscripts(artists, 1) - 1 as artist_position,
        unnest(artists).id as artist_id
    from pending_songs
)

select
    song_id,
    artist_position::integer as artist_position,
    artist_id,
    staging.song_artists_hash(song_id, artist_position, artist_id) as row_hash
from listed
where artist_id <> '';

-- The table is the current state: places beyond a shortened list must not survive (finish.sql deletes them).
create or replace temp table gone_song_artists as
select stored.song_id, stored.artist_position
from core.song_artists as stored
semi join (select id as song_id from pending_songs where artists is not null) as pending using (song_id)
anti join next_song_artists as next using (song_id, artist_position);
