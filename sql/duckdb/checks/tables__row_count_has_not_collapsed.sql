-- severity: warn
-- why: a table that lost more than half of its rows since the last good run was rarely meant to
-- row: <row_count> rows, and <row_count_before> in the last good run
-- table: playlists
with last_good_run as (
    select run_id from meta.runs
    where exported_at is not null and run_id in (select run_id from meta.table_counts)
    order by exported_at desc, run_id desc
    limit 1
),

counts as (
    -- each table: union all
    select '{table}' as "table", count(*) as row_count from core.{table}
    -- end
)

select counts."table", before.row_count as row_count_before, counts.row_count
from counts
inner join meta.table_counts as before on before."table" = counts."table"
inner join last_good_run on last_good_run.run_id = before.run_id
where counts.row_count * 2 < before.row_count
