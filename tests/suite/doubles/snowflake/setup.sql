create role if not exists LOADER;
create warehouse if not exists WH warehouse_size = xsmall auto_suspend = 60 auto_resume = true
    enable_query_acceleration = false;
create database if not exists SPOTIFY;
create schema if not exists SPOTIFY.RAW;
create storage integration if not exists SPOTIFY_S3
    type = external_stage storage_provider = 'S3' enabled = true
    storage_aws_role_arn = 'arn:aws:iam::123456789012:role/snowflake'
    storage_allowed_locations = ('s3://lake/spotify-data/');
create file format if not exists SPOTIFY.RAW.PARQUET_V1 type = parquet use_vectorized_scanner = true;
create file format if not exists SPOTIFY.RAW.CSV_V1
    type = csv compression = gzip parse_header = true field_optionally_enclosed_by = '"'
    escape_unenclosed_field = none null_if = ('\\N') empty_field_as_null = false encoding = 'UTF8'
    date_format = 'YYYY-MM-DD' timestamp_format = 'YYYY-MM-DD"T"HH24:MI:SS.FF6'
    error_on_column_count_mismatch = false;
create stage if not exists SPOTIFY.RAW.SPOTIFY_S3_STAGE
    url = 's3://lake/spotify-data/' storage_integration = SPOTIFY_S3;
create table if not exists SPOTIFY.RAW.SONGS (
    id varchar not null,
    name varchar,
    added_at timestamp_ntz(6),
    duration_ms number(10, 0),
    run_id varchar not null,
    extracted_at timestamp_ntz(6) not null,
    row_hash number(20, 0) not null,
    _file_name varchar not null,
    _file_row_number number(38, 0) not null,
    _loaded_at timestamp_ltz
);
create pipe if not exists SPOTIFY.RAW.SONGS_PARQUET_REST_V1 auto_ingest = false as
copy into SPOTIFY.RAW.SONGS from @SPOTIFY.RAW.SPOTIFY_S3_STAGE/raw/songs/
file_format = (format_name = 'SPOTIFY.RAW.PARQUET_V1')
pattern = '.*[.]parquet'
match_by_column_name = case_insensitive
include_metadata = (
    _file_name = metadata$filename,
    _file_row_number = metadata$file_row_number,
    _loaded_at = metadata$start_scan_time
)
on_error = skip_file;
grant usage on database SPOTIFY to role LOADER;
grant usage on schema SPOTIFY.RAW to role LOADER;
grant usage on warehouse WH to role LOADER;
grant usage on stage SPOTIFY.RAW.SPOTIFY_S3_STAGE to role LOADER;
grant usage on file format SPOTIFY.RAW.PARQUET_V1 to role LOADER;
grant usage on file format SPOTIFY.RAW.CSV_V1 to role LOADER;
grant select, insert on all tables in schema SPOTIFY.RAW to role LOADER;
grant operate, monitor on pipe SPOTIFY.RAW.SONGS_PARQUET_REST_V1 to role LOADER;
