-- left_in_column: how many rows of a landing table still name somebody who was taken out of one column.
-- grain: one row · ?1: their ids, a JSON array
select count(*) as left_count
from {database}.{schema}.{table}
where array_contains({nulled_column}::variant, parse_json(?));
