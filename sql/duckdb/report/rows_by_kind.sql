-- rows_by_kind: what each playlist that this run read is made of; nothing is left out.
-- grain: read · reads: meta.reads, meta.snapshots, core.playlist_songs · shipped: no
-- guarded by: playlist_songs__no_row_is_lost
with reads as (
    select reads.read_id, reads.status, reads.total, snapshots.playlist_id, snapshots.snapshot_id
    from meta.reads as reads
    inner join meta.snapshots as snapshots using (read_id)
    where reads.transformed_in = getvariable('run_id')
),

counts as (
    select
        playlist_id, snapshot_id,
        count(*) as row_count,
        count(*) filter (item_kind = 'track') as track_count,
        count(*) filter (item_kind = 'episode') as episode_count,
        count(*) filter (item_kind = 'local') as local_count,
        count(*) filter (item_kind = 'removed') as removed_count
    from core.playlist_songs
    semi join reads using (playlist_id, snapshot_id)
    group by playlist_id, snapshot_id
)

select
    reads.playlist_id, reads.snapshot_id, reads.status, reads.total,
    coalesce(counts.row_count, 0) as row_count,
    coalesce(counts.track_count, 0) as track_count,
    coalesce(counts.episode_count, 0) as episode_count,
    coalesce(counts.local_count, 0) as local_count,
    coalesce(counts.removed_count, 0) as removed_count
from reads
left join counts using (playlist_id, snapshot_id)
order by reads.read_id;
