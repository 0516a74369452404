-- severity: error
-- why: "current" in Snowflake is the latest row per key; two rows of one key in one run have no latest
-- row: <row_count> rows of one key
-- table: {table}
select {key}, count(*) as row_count
from core.{table}
where ({key}) in (select ({key}) from staging.unshipped_{table})
group by all
having count(*) > 1
