-- meta.snapshots: remembers what each read gave, for the checks, the reports and the next run.
-- grain: read_id · reads: pending_snapshots, pending_rows · shipped: no · guarded by: playlist_songs__no_row_is_lost
insert into meta.snapshots
with counts as (
    select
        read_id,
        count(*) as landed_row_count,
        count(*) filter (item_kind is null) as unreadable_row_count
    from pending_rows
    group by read_id
)

select
    snapshots.read_id,
    snapshots.playlist_id,
    snapshots.snapshot_id,
    getvariable('run_id') as run_id,
    coalesce(counts.landed_row_count, 0) as landed_row_count,
    coalesce(counts.unreadable_row_count, 0) as unreadable_row_count
from pending_snapshots as snapshots
left join counts using (read_id);
