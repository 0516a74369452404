-- files: how far the files of each table are on their way to Snowflake.
select
    files.table as table_name,
    count(*) filter (where files.state = 'verified') as verified_count,
    count(*) filter (where files.state in ('mismatch', 'failed')) as wrong_count,
    count(*) filter (where files.state = 'superseded') as superseded_count,
    count(*) as file_count,
    sum(files.row_count)::bigint as row_count
from operations.files as files
group by files.table
order by files.table
limit 40
