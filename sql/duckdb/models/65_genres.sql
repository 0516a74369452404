-- genres: one row per genre of an artist, where the API gives them: absent = unknown, [] = none.
-- grain: artist_id, genre · reads: pending_artists · shipped: yes · guarded by: genres__artist_exists
create or replace temp table pending_genres as
select artist.id as artist_id, artist.genres as genres
from pending_artists
where artist.id <> '' and artist.genres is not null
qualify row_number() over (partition by artist.id order by ordinal desc) = 1;

create or replace temp table next_genres as
with genres as (
    select distinct artist_id, unnest(genres) as genre from pending_genres
)

select *, staging.genres_hash(artist_id, genre) as row_hash
from genres
where genre <> '';

-- The table is the current state: a genre that is no longer listed goes (finish.sql deletes it).
create or replace temp table gone_genres as
select stored.artist_id, stored.genre
from core.genres as stored
semi join pending_genres as pending using (artist_id)
anti join next_genres as next using (artist_id, genre);
