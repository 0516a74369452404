-- note_files: notes the files that a run wrote. ?1: the run · ?2: now · ?3: the files, a JSON array in the order in which they were written
-- grain: none · reads: nothing · shipped: no
insert into meta.files by name
with files as (
    select unnest(json_transform(?3, '[{
        "table": "VARCHAR", "key": "VARCHAR", "row_count": "BIGINT", "size_bytes": "BIGINT", "sha256": "VARCHAR",
        "row_hash_sum": "VARCHAR"
    }]')) as file
)

select
    ?1 as run_id,
    file."table",
    file.key,
    file.row_count,
    file.size_bytes,
    file.sha256,
    file.row_hash_sum,
    'exported' as state,
    ?2::timestamp as updated_at
from files
