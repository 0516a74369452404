-- severity: error
-- why: a row without its key joins nothing and would be shipped again by every run
-- row: row without its key
-- table: {table}
select *
from staging.unshipped_{table}
where {key_is_null}
