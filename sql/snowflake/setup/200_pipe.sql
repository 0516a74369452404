-- pipe: loads one table's files of one format, told of them by us (auto_ingest = false) or by S3's events.
-- A template, once per table · audience: owner · needs: create pipe on the schema
-- A pipe's definition cannot change, and a new one forgets what it loaded: hence the version in its name.
create pipe if not exists {database}.{schema}.{pipe}
    auto_ingest = {auto_ingest}
as
copy into {database}.{schema}.{table}
from @{database}.{schema}.{stage}/raw/{folder}/
file_format = (format_name = '{database}.{schema}.{file_format}')
pattern = {pattern}
match_by_column_name = case_insensitive
include_metadata = (
    _file_name = metadata$filename,
    _file_row_number = metadata$file_row_number,
    _loaded_at = metadata$start_scan_time
)
on_error = skip_file;
-- One by one, because Snowflake refuses bulk grants on pipes.
grant operate, monitor on pipe {database}.{schema}.{pipe} to role {role};
