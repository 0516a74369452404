-- severity: error
-- why: row_hash proves in Snowflake that the row arrived; it must be the hash of the row it stands beside
-- row: row_hash is not the hash of the row
-- table: {table}
select *
from staging.unshipped_{table}
where row_hash is distinct from staging.{table}_hash({columns})
