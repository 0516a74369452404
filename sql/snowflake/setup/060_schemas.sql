-- schemas: what pipes load, append-only, and the current rows made of it.
-- audience: owner · needs: create schema on the database
create schema if not exists {database}.{schema};
create schema if not exists {database}.{core_schema};
grant usage on schema {database}.{schema} to role {role};
grant usage on schema {database}.{core_schema} to role {role};
