-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: genres
select *
from staging.unshipped_genres
where artist_id is null or genre is null
