-- landed: what the landing table holds of each file: rows, different rows, the hashes it was sent with, and the hashes of
-- what it holds, computed anew; and one row about all of them (file_name NULL), so that no right answer is empty.
-- grain: file_name · reads: canonical/{table}.sql · ?1: the files' keys, a JSON array
-- Sums exceed 64 bits, so they travel as text.
with landed as (
    {canonical_rows}
),

asked as (
    select
        _file_name,
        _file_row_number,
        row_hash,
        md5_number_upper64(content) as content_hash
    from landed
    where array_contains(_file_name::variant, parse_json(?))
)

select
    _file_name as file_name,
    count(*) as row_count,
    count(distinct _file_row_number) as distinct_row_count,
    coalesce(to_varchar(sum(row_hash)), '0') as row_hash_sum,
    coalesce(to_varchar(sum(content_hash)), '0') as content_hash_sum
from asked
group by _file_name
union all
select
    null as file_name,
    count(*) as row_count,
    count(distinct _file_row_number) as distinct_row_count,
    coalesce(to_varchar(sum(row_hash)), '0') as row_hash_sum,
    coalesce(to_varchar(sum(content_hash)), '0') as content_hash_sum
from asked
order by file_name;
