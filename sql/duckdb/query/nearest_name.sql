-- The name of the kinds ?2 (playlists, songs, artists, albums, genres) that is most like ?1: accents, case and gaps do not count, and
-- a slip of the pen counts little. A name as it is written, or an id of those kinds, is what was meant; of equals, the name that is first.
with names as (
    select 'playlists' as kind, id, name from core.playlists
    union all
    select 'songs', id, name from core.songs
    union all
    select 'artists', id, name from core.artists
    union all
    select 'albums', id, name from core.albums
    union all
    select 'genres', '', genre from core.genres
),

wanted as (
    select id, name
    from names
    where list_contains(string_split(?2, ','), kind)
),

candidates as (
    select distinct name, strip_accents(lower(trim(name))) as plain
    from wanted
    where trim(name) != ''
),

likened as (
    select
        name,
        name = ?1 as is_exact,
        greatest(
            jaro_winkler_similarity(plain, strip_accents(lower(trim(?1)))),
            1 - damerau_levenshtein(plain, strip_accents(lower(trim(?1))))
            / greatest(length(plain), length(trim(?1)))
        ) as likeness
    from candidates
)

select
    name,
    likeness,
    is_exact or ?1 in (select id from wanted) as is_exact
from likened
order by is_exact desc, likeness desc, name
limit 1
