-- reader: the role that analysts and their tools read `CORE` and `MARTS` with; it may do nothing more and never reads what pipes land.
-- audience: admin · needs: create role
create role if not exists {reader_role};
grant role {reader_role} to role sysadmin;
