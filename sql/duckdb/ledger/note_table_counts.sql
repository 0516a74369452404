-- note_table_counts: notes what was counted when a run was exported. ?1: the run · ?2: now · ?3: the counts, a JSON array
-- grain: none · reads: nothing · shipped: no
insert into meta.table_counts by name
with counts as (
    select unnest(json_transform(?3, '[{
        "table": "VARCHAR", "row_count": "BIGINT", "changed_row_count": "BIGINT"
    }]')) as counted
)

select
    ?1 as run_id,
    counted."table",
    counted.row_count,
    counted.changed_row_count,
    ?2::timestamp as counted_at
from counts
