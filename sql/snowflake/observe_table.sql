-- observe_table: the columns of one landing table.
-- A template, once per table
desc table {database}.{schema}.{table};
