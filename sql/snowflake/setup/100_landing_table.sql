-- landing table: what a table's pipe loaded, append-only; column for column core.{table} of DuckDB, then where the row came from.
-- A template, once per table · audience: owner · needs: create table on the schema
-- Comments are dbt's descriptions; a table without them is no different one.
-- Not null makes Snowpipe refuse a file whose columns have other names; it would load as rows of NULL.
create table if not exists {database}.{schema}.{landing_table} (
    {landing_columns},
    run_id           varchar not null comment {run_id_comment},
    extracted_at     timestamp_ntz(6) not null comment {extracted_at_comment},
    row_hash         number(20, 0) not null comment {row_hash_comment},
    _file_name       varchar not null comment 'the file of the stage that the row came in',
    _file_row_number number(38, 0) not null comment 'its place in that file',
    _loaded_at       timestamp_ltz comment 'when the file was read'
)
comment = {table_comment};
