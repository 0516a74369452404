-- rows_by_kind: what each playlist that this run read is made of; nothing is left out.
-- grain: playlist_id, snapshot_id · reads: staging.snapshot_counts, core.playlists · shipped: no
-- guarded by: playlist_songs__no_row_is_lost
select
    counts.playlist_id, playlists.name, counts.snapshot_id, counts.status, counts.total, counts.row_count,
    counts.track_count, counts.episode_count, counts.local_count, counts.removed_count
from staging.snapshot_counts as counts
left join core.playlists as playlists on playlists.id = counts.playlist_id
where counts.transformed_in = getvariable('run_id')
order by counts.read_id;
