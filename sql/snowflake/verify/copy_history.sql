-- copy_history: what became of one run's files in one table, by pipe or by COPY; 14 days back at most.
-- grain: file and load · reads: information_schema.copy_history · ?1: the run's id, which every key of it contains
select
    stage_location,
    file_name,
    status,
    row_count,
    row_parsed,
    error_count,
    first_error_message,
    first_error_line_number,
    first_error_column_name,
    pipe_name,
    to_varchar(last_load_time, 'YYYY-MM-DD"T"HH24:MI:SS.FF3TZH:TZM') as loaded_at
from table({database}.information_schema.copy_history(
    table_name => '{database}.{schema}.{table}',
    start_time => to_timestamp_ltz({since})
))
where contains(file_name, ?)
order by last_load_time, file_name;
