-- landing table: what a table's pipe loaded, append-only; column for column core.{table} of DuckDB, then where the row came from.
-- A template, once per table · audience: owner · needs: create table on the schema
-- Not null makes Snowpipe refuse a file whose columns have other names; it would load as rows of NULL.
create table if not exists {database}.{schema}.{landing_table} (
    {landing_columns},
    run_id           varchar not null,
    extracted_at     timestamp_ntz(6) not null,
    row_hash         number(20, 0) not null,
    _file_name       varchar not null,
    _file_row_number number(38, 0) not null,
    _loaded_at       timestamp_ltz
);
