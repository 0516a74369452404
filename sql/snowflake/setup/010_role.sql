-- role: the one that loads and verifies; Snowpipe's REST API uses the user's default role and no other.
-- audience: admin · needs: create role
create role if not exists {role};
grant role {role} to role sysadmin;
