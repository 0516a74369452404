-- in_parquet: how many texts of a Parquet file, whatever it holds, are an id of theirs. Its pages are packed: no search of its bytes
-- finds them. ?1: the file
-- grain: one row · reads: a file, theirs · shipped: no · guarded by: tests/suite/intelligence/features.rs
with texts as (
    select columns(*)::varchar from read_parquet(?)
),

found as (
    unpivot texts on columns(*) into name name value value
)

select count(*)
from found
where value in (select value from theirs where kind <> 'name')
