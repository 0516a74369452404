-- observe: what is there, read without a warehouse; a plan compares it with setup/*.sql.
-- audience: anyone; what the role may not see looks absent, and the plan says so
select current_user() as user_name, current_role() as role_name;
show roles like '{role}';
show warehouses like '{warehouse}';
show databases like '{database}';
show users like '{user}';
show roles like '{reader_role}';
show grants of role {role};
show grants to role {role};
show grants of role {reader_role};
show grants to role {reader_role};
desc integration {integration};
show schemas in database {database};
desc file format {database}.{schema}.parquet_v1;
desc file format {database}.{schema}.csv_v2;
show stages in schema {database}.{schema};
show pipes in schema {database}.{schema};
show objects in schema {database}.{core_schema};
show objects in schema {database}.{marts_schema};
show future grants in schema {database}.{core_schema};
show future grants in schema {database}.{marts_schema};
show dynamic tables in schema {database}.{core_schema}; -- noqa: PRS
