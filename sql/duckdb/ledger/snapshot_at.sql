-- snapshot_at: what a list was at a time: the snapshot that was read last by then, and when. ?1: the list · ?2: the time
-- grain: none · reads: meta.snapshots, meta.reads, meta.runs · shipped: no
select snapshots.snapshot_id, runs.started_at
from meta.snapshots as snapshots
inner join meta.reads as reads using (read_id)
inner join meta.runs as runs on runs.run_id = reads.run_id
where snapshots.playlist_id = ?1 and runs.started_at <= ?2::timestamp
order by runs.started_at desc, snapshots.read_id desc
limit 1
