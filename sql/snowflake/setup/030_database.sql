-- database: the role may create its schemas in it.
-- audience: admin · needs: create database
create database if not exists {database};
grant usage, create schema on database {database} to role {role};
grant usage on database {database} to role {reader_role};
