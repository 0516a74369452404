-- table_counts: rows of each shipped table, and how many of them this run is about to ship.
-- grain: table · reads: core, meta.pending_runs · shipped: no · guarded by: tables__row_count_has_not_collapsed
-- each table: union all
select
    '{table}' as "table",
    (select count(*) from core.{table}) as row_count,
    (select count(*) from staging.unshipped_{table}) as changed_row_count
-- end
