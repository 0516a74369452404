-- table grants: the role reads a landing table to verify it, and writes to it in `copy` mode.
-- A template, once per table · audience: owner · needs: ownership of the table
grant select, insert on table {database}.{schema}.{table} to role {role};
