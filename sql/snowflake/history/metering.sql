-- metering: what the warehouse was billed, by hour, the time included in which it only waits. Up to 3 hours late.
-- grain: hour · reads: account_usage.warehouse_metering_history (database role USAGE_VIEWER) · ?1: the warehouse
select
    to_varchar(start_time, 'YYYY-MM-DD"T"HH24') as started_in,
    sum(credits_used) as credits
from snowflake.account_usage.warehouse_metering_history
where warehouse_name = ? and start_time >= to_timestamp_ltz({since})
group by started_in
order by started_in;
