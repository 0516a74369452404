-- playlist_contents: what each playlist that this run read is made of, and the songs that it gained and lost.
-- grain: playlist_id · reads: meta.reads, meta.snapshots, core.playlists · shipped: no
-- guarded by: playlist_songs__no_row_is_lost
select
    snapshots.playlist_id,
    coalesce(arg_max(snapshots.row_count, snapshots.read_id), 0) as row_count,
    coalesce(arg_max(snapshots.track_count, snapshots.read_id), 0) as track_count,
    coalesce(arg_max(snapshots.episode_count, snapshots.read_id), 0) as episode_count,
    coalesce(arg_max(snapshots.local_count, snapshots.read_id), 0) as local_count,
    coalesce(arg_max(snapshots.removed_count, snapshots.read_id), 0) as removed_count,
    coalesce(max(snapshots.added_song_count) filter (snapshots.snapshot_id = playlists.snapshot_id), 0) as added_song_count,
    coalesce(max(snapshots.removed_song_count) filter (snapshots.snapshot_id = playlists.snapshot_id), 0) as removed_song_count
from meta.reads as reads
inner join meta.snapshots as snapshots using (read_id)
left join core.playlists as playlists on playlists.id = snapshots.playlist_id
-- An earlier version did not count.
where reads.transformed_in = getvariable('run_id') and snapshots.row_count is not null
group by snapshots.playlist_id;
