-- reader's future: whatever comes into being in `CORE` and `MARTS`, the dynamic tables below first of all.
-- audience: owner · needs: ownership of the schemas
grant usage on schema {database}.{core_schema} to role {reader_role};
grant usage on schema {database}.{marts_schema} to role {reader_role};
grant select on future tables in schema {database}.{core_schema} to role {reader_role};
grant select on future views in schema {database}.{core_schema} to role {reader_role};
grant select on future dynamic tables in schema {database}.{core_schema} to role {reader_role};
grant select on future tables in schema {database}.{marts_schema} to role {reader_role};
grant select on future views in schema {database}.{marts_schema} to role {reader_role};
grant select on future dynamic tables in schema {database}.{marts_schema} to role {reader_role};
