-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- table: playlists
select *
from staging.unshipped_playlists
where id is null
