-- genres: one row per genre of an artist, where the API gives them (absent = unknown, [] = none) or a file does (`--genres`).
-- grain: artist_id, genre · reads: pending_artists, next_artists, core.artists, raw.genres, staging.pending_reads · shipped: yes
-- guarded by: genres__artist_exists
create or replace temp table pending_genres as
select artist.id as artist_id, artist.genres as genres
from pending_artists
where artist.id <> '' and artist.genres is not null
qualify row_number() over (partition by artist.id order by ordinal desc) = 1;

-- What files gave of artists that are known by now: it stands beside what Spotify gives, and stays whatever that says.
create or replace temp table file_genres as
select artist_id, genre, bool_or(read_id in (select read_id from consumed_reads)) as is_pending
from raw.genres
where artist_id in (select id from core.artists union all select id from next_artists)
group by artist_id, genre;

create or replace temp table next_genres as
with genres as (
    select distinct artist_id, unnest(genres) as genre from pending_genres
    union
    select artist_id, genre from file_genres
    where is_pending
)

select *, staging.genres_hash(artist_id, genre) as row_hash
from genres
where genre <> '';

-- Artists whose genres this run was told, by whomever.
create or replace temp table touched_genres as
select artist_id from pending_genres
union
select artist_id from file_genres
where is_pending;

-- The table is the current state: a genre that is no longer listed goes (finish.sql deletes it), unless a file gave it.
create or replace temp table gone_genres as
select stored.artist_id, stored.genre
from core.genres as stored
semi join pending_genres as pending using (artist_id)
anti join next_genres as next using (artist_id, genre)
anti join file_genres as given using (artist_id, genre);
