-- schemas: what pipes load, append-only, the current rows made of it, and what dbt derives from those.
-- audience: owner · needs: create schema on the database
create schema if not exists {database}.{schema};
create schema if not exists {database}.{core_schema};
create schema if not exists {database}.{marts_schema};
grant usage on schema {database}.{schema} to role {role};
grant usage on schema {database}.{core_schema} to role {role};
grant usage on schema {database}.{marts_schema} to role {role};
