-- unlisted_items: names of local files and episodes, which are no songs and so in no shipped table.
-- grain: playlist_id, snapshot_id, position · reads: pending_rows, pending_items, pending_snapshots, superseded_rows,
-- core.unlisted_items · shipped: no · guarded by: tests/suite/warehouse/details.rs
create or replace temp table changed_unlisted_items as
select
    snapshots.playlist_id, snapshots.snapshot_id, rows.position, rows.item_kind,
    nullif(items.name, '') as name,
    coalesce(nullif(items.artists[1].name, ''), nullif(items.show_name, '')) as artist_name,
    nullif(items.album.name, '') as album_name,
    items.duration_ms
from pending_rows as rows
inner join pending_snapshots as snapshots using (read_id)
inner join pending_items as items using (item_id)
anti join superseded_rows using (ordinal)
where rows.item_kind in ('local', 'episode')
except
select playlist_id, snapshot_id, position, item_kind, name, artist_name, album_name, duration_ms
from core.unlisted_items;
