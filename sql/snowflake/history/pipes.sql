-- pipes: what each pipe loaded and was billed. Up to 3 hours late.
-- grain: pipe · reads: account_usage.pipe_usage_history (database role USAGE_VIEWER) · shipped: no
select
    pipe_name,
    sum(credits_used) as credits,
    sum(bytes_inserted)::number(38, 0) as bytes,
    sum(files_inserted::number(38, 0)) as file_count
from snowflake.account_usage.pipe_usage_history
where start_time >= to_timestamp_ltz({since}) and pipe_name is not null
group by pipe_name
order by pipe_name;
