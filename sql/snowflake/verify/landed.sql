-- landed: what the landing table holds of each file: rows, different rows, the hashes it was sent with, and the hashes of
-- what it holds, computed anew.
-- grain: file_name · reads: canonical/{table}.sql · ?1: the files' keys, a JSON array
-- Sums exceed 64 bits, so they travel as text.
with landed as (
    {canonical_rows}
)

select
    _file_name as file_name,
    count(*) as row_count,
    count(distinct _file_row_number) as distinct_row_count,
    to_varchar(sum(row_hash)) as row_hash_sum,
    to_varchar(sum(md5_number_upper64(content))) as content_hash_sum
from landed
where array_contains(_file_name::variant, parse_json(?))
group by _file_name
order by _file_name;
