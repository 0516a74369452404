-- database: the role may create its two schemas in it.
-- audience: admin · needs: create database
create database if not exists {database};
grant usage, create schema on database {database} to role {role};
