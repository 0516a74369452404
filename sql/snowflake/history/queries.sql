-- queries: what was asked of the warehouse, by hour and query tag; a run's tag is its id. Up to 45 minutes late.
-- grain: hour, tag · reads: account_usage.query_history (database role GOVERNANCE_VIEWER) · ?1: the warehouse
select
    query_tag,
    to_varchar(start_time, 'YYYY-MM-DD"T"HH24') as started_in,
    count(*) as statement_count,
    sum(execution_time) as execution_ms,
    sum(bytes_scanned) as bytes_scanned
from snowflake.account_usage.query_history
where warehouse_name = ? and start_time >= to_timestamp_ltz({since})
group by query_tag, started_in
order by started_in, query_tag;
