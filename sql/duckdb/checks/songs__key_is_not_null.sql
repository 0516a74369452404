-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: songs
select *
from staging.unshipped_songs
where id is null
