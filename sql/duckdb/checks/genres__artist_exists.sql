-- severity: error
-- why: a genre of no artist
-- row: genre `<genre>` of an artist that is not in the artists
-- table: genres
select *
from staging.unshipped_genres
anti join core.artists as artists on artists.id = artist_id
where artist_id is not null
