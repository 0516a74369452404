-- load: loads named files of one table at once, without a pipe (`ingest = "copy"`); at most 1,000 files.
-- Answers one row per file. Snowflake remembers for 64 days what a table loaded, so asking again loads nothing twice.
copy into {database}.{schema}.{table}
from @{database}.{schema}.{stage}/raw/{folder}/
files = ({files})
file_format = (format_name = '{database}.{schema}.{file_format}')
match_by_column_name = case_insensitive
include_metadata = (
    _file_name = metadata$filename,
    _file_row_number = metadata$file_row_number,
    _loaded_at = metadata$start_scan_time
)
on_error = skip_file;
