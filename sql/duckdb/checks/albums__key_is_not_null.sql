-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: albums
select *
from staging.unshipped_albums
where id is null
