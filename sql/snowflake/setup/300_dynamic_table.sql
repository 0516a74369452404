-- dynamic table: the current rows of one landing table, kept up by Snowflake.
-- A template, once per table · audience: owner · needs: create dynamic table on the schema, usage on the warehouse
create dynamic table if not exists {database}.{core_schema}.{table}
    target_lag = '10 minutes'
    warehouse = {warehouse}
as
{current_rows};
-- monitor shows its definition and how old it is.
grant select, monitor on dynamic table {database}.{core_schema}.{table} to role {role};
