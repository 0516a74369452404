-- left: how many rows of someone forgotten a landing table still holds.
-- grain: one row · ?1: the erased files' keys · ?2: their ids, both JSON arrays
select count(*) as left_count
from {database}.{schema}.{table}
where array_contains(_file_name::variant, parse_json(?))
    or array_contains({gone_column}::variant, parse_json(?));
