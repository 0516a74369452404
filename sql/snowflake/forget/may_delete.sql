-- may_delete: changes nothing; Snowflake refuses it where the role may not delete.
delete from {database}.{schema}.{table} where 1 = 0;
