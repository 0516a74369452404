-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: artists
select *
from staging.unshipped_artists
where id is null
