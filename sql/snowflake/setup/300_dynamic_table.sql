-- dynamic table: the current rows of one landing table, kept up by Snowflake.
-- The mode is said, because left to Snowflake it is decided once, in silence, and may be full for ever; `incremental` on a
-- query that does not allow it is an error. `current/*.sql` says which one its query allows.
-- A template, once per table · audience: owner · needs: create dynamic table on the schema, usage on the warehouse
create dynamic table if not exists {database}.{core_schema}.{table} (
    {current_columns},
    run_id           varchar comment {run_id_comment},
    extracted_at     timestamp_ntz(6) comment {extracted_at_comment},
    row_hash         number(20, 0) comment {row_hash_comment},
    _file_name       varchar comment 'the file of the stage that the row came in',
    _file_row_number number(38, 0) comment 'its place in that file',
    _loaded_at       timestamp_ltz comment 'when the file was read'
)
    target_lag = {target_lag}
    warehouse = {warehouse}
    refresh_mode = {refresh_mode}
    comment = {table_comment}
as
{current_rows};
-- monitor shows its definition and how old it is.
grant select, monitor on dynamic table {database}.{core_schema}.{table} to role {role};
