-- known_reads: the newest complete read of each playlist, or of one, if a look at the playlist may rely on it.
-- grain: playlist_id · reads: meta.reads, meta.snapshots · shipped: no · guarded by: tests/suite/odd_answers.rs
-- parameters: entity; playlist_id or NULL
with newest as (
    select
        playlist_id,
        arg_max(struct_pack(read_id, snapshot_id, total, finished_at), read_id) as "read"
    from meta.reads
    where entity = ?1 and status = 'complete' and playlist_id = coalesce(?2, playlist_id)
    group by playlist_id
)

select
    newest.playlist_id, newest.read.read_id, newest.read.snapshot_id, newest.read.total, newest.read.finished_at
from newest
left join meta.snapshots as snapshots on snapshots.read_id = newest.read.read_id
-- Fewer rows than announced, or rows that nobody could read, are worth another read.
where not coalesce(snapshots.landed_row_count < newest.read.total or snapshots.unreadable_row_count > 0, false)
