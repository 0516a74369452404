-- severity: error
-- why: songs, episodes, local files, removed items and what cannot be read must add up to the rows that were landed
-- row: <landed_position_count> rows landed, and <track_count> songs, <episode_count> episodes, <local_count> local, <removed_count> removed
-- table: playlist_songs
with landed as (
    select snapshots.playlist_id, snapshots.snapshot_id, count(*) as landed_row_count
    from raw.rows as rows
    inner join (
        select document_id, read_id from raw.documents
        where entity in ('playlist', 'playlist_items', 'liked_songs')
            and read_id in (select read_id from staging.checked_reads)
    ) as documents using (document_id)
    inner join meta.snapshots as snapshots using (read_id)
    group by snapshots.playlist_id, snapshots.snapshot_id
),

suspects as (
    select counts.*, coalesce(landed.landed_row_count, 0) as landed_row_count
    from staging.snapshot_counts as counts
    left join landed using (playlist_id, snapshot_id)
    where counts.track_count + counts.episode_count + counts.local_count + counts.removed_count + counts.unreadable_count
        <> coalesce(landed.landed_row_count, 0)
        -- What is pruned was looked at when it was shipped.
        and (counts.playlist_id, counts.snapshot_id) not in (
            select (snapshots.playlist_id, snapshots.snapshot_id)
            from meta.snapshots as snapshots
            inner join meta.pruned_reads using (read_id)
        )
),

-- A page read twice lands a position twice: only the positions of suspects are worth telling apart.
positions as (
    select snapshots.playlist_id, snapshots.snapshot_id, count(distinct rows.position) as position_count
    from raw.rows as rows
    inner join raw.documents as documents using (document_id)
    inner join meta.snapshots as snapshots using (read_id)
    where documents.entity in ('playlist', 'playlist_items', 'liked_songs')
        and (snapshots.playlist_id, snapshots.snapshot_id) in (select (playlist_id, snapshot_id) from suspects)
    group by snapshots.playlist_id, snapshots.snapshot_id
)

select
    suspects.playlist_id, suspects.snapshot_id, positions.position_count as landed_position_count,
    suspects.track_count, suspects.episode_count, suspects.local_count, suspects.removed_count
from suspects
left join positions using (playlist_id, snapshot_id)
where suspects.track_count + suspects.episode_count + suspects.local_count + suspects.removed_count + suspects.unreadable_count
    <> coalesce(positions.position_count, 0)
