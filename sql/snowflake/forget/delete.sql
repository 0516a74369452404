-- delete: takes the rows of erased files out of one landing table.
-- ?1: the files' keys, a JSON array
delete from {database}.{schema}.{table}
where array_contains(_file_name::variant, parse_json(?));
