-- dynamic table: the current rows of one landing table, kept up by Snowflake.
-- The mode is said, because left to Snowflake it is decided once, in silence, and may be full for ever; `incremental` on a
-- query that does not allow it is an error. `current/*.sql` says which one its query allows.
-- A template, once per table · audience: owner · needs: create dynamic table on the schema, usage on the warehouse
create dynamic table if not exists {database}.{core_schema}.{table}
    target_lag = {target_lag}
    warehouse = {warehouse}
    refresh_mode = {refresh_mode}
as
{current_rows};
-- monitor shows its definition and how old it is.
grant select, monitor on dynamic table {database}.{core_schema}.{table} to role {role};
