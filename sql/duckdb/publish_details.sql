-- publish_details: brings the details that changed since the published file was written into a copy of that file.
-- grain: that of 035_details.sql · reads: core.album_details, core.unlisted_items, meta.pending_runs · shipped: no
-- guarded by: tests/suite/warehouse/details.rs
delete from published.core.album_details
where album_id in (
    select album_id from core.album_details
    where run_id in (select run_id from meta.pending_runs where consumer = '{published}')
);

insert into published.core.album_details by name
from core.album_details
where run_id in (select run_id from meta.pending_runs where consumer = '{published}');

delete from published.core.unlisted_items
where (playlist_id, snapshot_id, position) in (
    select (playlist_id, snapshot_id, position) from core.unlisted_items
    where run_id in (select run_id from meta.pending_runs where consumer = '{published}')
);

insert into published.core.unlisted_items by name
from core.unlisted_items
where run_id in (select run_id from meta.pending_runs where consumer = '{published}');
