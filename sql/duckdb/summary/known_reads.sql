-- known_reads: the newest complete read of each playlist, or of one, if a look at the playlist may rely on it.
-- grain: playlist_id · reads: meta.reads, meta.snapshots, core.playlists · shipped: no · guarded by: tests/suite/odd_answers.rs
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
left join core.playlists as stored on newest.playlist_id = stored.id
-- Fewer rows than announced, or rows that nobody could read, are worth another read.
where not coalesce(snapshots.landed_row_count < newest.read.total or snapshots.unreadable_row_count > 0, false)
    -- So is a playlist of which nobody ever said what it is called and whose it is: an answer that left both open.
    and not coalesce(stored.id is not null and stored.name is null and stored.owner_id is null, false)
