-- severity: warn
-- why: Spotify ids are 22 letters and digits; another length is a cut or foreign id
-- row: album `<name>`, whose id is not of 22 letters and digits
-- table: albums
select *
from staging.unshipped_albums
where not regexp_full_match(id, '[0-9A-Za-z]{22}')
