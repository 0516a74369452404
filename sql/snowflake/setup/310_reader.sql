-- reader: whatever was in `CORE` and `MARTS` before its role was.
-- audience: owner · needs: ownership of the objects
grant select on all tables in schema {database}.{core_schema} to role {reader_role};
grant select on all views in schema {database}.{core_schema} to role {reader_role};
grant select on all dynamic tables in schema {database}.{core_schema} to role {reader_role};
grant select on all tables in schema {database}.{marts_schema} to role {reader_role};
grant select on all views in schema {database}.{marts_schema} to role {reader_role};
grant select on all dynamic tables in schema {database}.{marts_schema} to role {reader_role};
