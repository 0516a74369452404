-- severity: warn
-- why: nothing was recorded before 1860, and albums are announced at most two years ahead
-- row: album `<name>` of <release_date>
-- table: albums
select *
from staging.unshipped_albums
where release_date < date '1860-01-01'
    or release_date > getvariable('extracted_at')::timestamp + interval 2 years
