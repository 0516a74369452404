-- severity: error
-- why: a genre of no artist
-- table: genres
select *
from staging.unshipped_genres
where artist_id is not null
    and artist_id not in (select id from core.artists where id is not null)
