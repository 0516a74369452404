-- first_snapshot_at: when a list was read first, of the readings that are kept. ?1: the list
-- grain: one row · reads: meta.snapshots, meta.reads, meta.runs · shipped: no
select min(runs.started_at)
from meta.snapshots as snapshots
inner join meta.reads as reads using (read_id)
inner join meta.runs as runs on runs.run_id = reads.run_id
where snapshots.playlist_id = ?1
