-- landed: what the landing table holds of each file: rows, different rows, the hashes it was sent with, and the hashes of
-- what it holds, computed anew; how many rows stand beside their own hash, and how many name a run and time that were sent
-- in it; and one row about all of them (file_name NULL), so that no right answer is empty.
-- grain: file_name · reads: canonical/{table}.sql · ?1: `key run time` of each file and run with rows in it, ?2: the
-- files' keys, both JSON arrays
-- Sums exceed 64 bits, so they travel as text. A sum alone does not see two hashes exchanged.
with landed as (
    {canonical_rows}
),

asked as (
    select
        _file_name,
        _file_row_number,
        row_hash,
        md5_number_upper64(content) as content_hash,
        array_contains(
            concat_ws(
                ' ', _file_name, run_id, to_varchar(extracted_at, 'YYYY-MM-DD"T"HH24:MI:SS.FF6')
            )::variant,
            parse_json(?)
        ) as is_origin_right
    from landed
    where array_contains(_file_name::variant, parse_json(?))
)

select
    _file_name as file_name,
    count(*) as row_count,
    count(distinct _file_row_number) as distinct_row_count,
    coalesce(count_if(row_hash = content_hash), 0) as right_hash_count,
    coalesce(count_if(is_origin_right), 0) as right_origin_count,
    coalesce(to_varchar(sum(row_hash)), '0') as row_hash_sum,
    coalesce(to_varchar(sum(content_hash)), '0') as content_hash_sum
from asked
group by _file_name
union all
select
    null as file_name,
    count(*) as row_count,
    count(distinct _file_row_number) as distinct_row_count,
    coalesce(count_if(row_hash = content_hash), 0) as right_hash_count,
    coalesce(count_if(is_origin_right), 0) as right_origin_count,
    coalesce(to_varchar(sum(row_hash)), '0') as row_hash_sum,
    coalesce(to_varchar(sum(content_hash)), '0') as content_hash_sum
from asked
order by file_name;
