-- file formats: how the two kinds of file are read; the number grows with a change, because pipes keep what they began with.
-- audience: owner · needs: create file format on the schema
-- The vectorized scanner reads logical types; without it timestamps land in the year 55,000,000. NULL is parquet's own, so no text
-- means it: by default `\N` would.
create file format if not exists {database}.{schema}.parquet_v1
    type = parquet
    use_vectorized_scanner = true
    null_if = (); -- noqa: PRS
-- Our csv has a header and gzip. NULL is an empty field and text stands in quotes, so no text means NULL: `null_if` is empty,
-- because it would look into quotes as well. A count mismatch is no error, because the pipe adds columns.
create file format if not exists {database}.{schema}.csv_v2
    type = csv
    compression = gzip
    parse_header = true
    field_optionally_enclosed_by = '"'
    escape_unenclosed_field = none
    null_if = ()
    empty_field_as_null = true
    encoding = 'UTF8'
    date_format = 'YYYY-MM-DD'
    timestamp_format = 'YYYY-MM-DD"T"HH24:MI:SS.FF6'
    error_on_column_count_mismatch = false;
grant usage on file format {database}.{schema}.parquet_v1 to role {role};
grant usage on file format {database}.{schema}.csv_v2 to role {role};
