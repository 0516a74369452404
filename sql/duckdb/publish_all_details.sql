-- publish_all_details: writes the details of what the attached published file holds, after its other tables.
-- grain: that of 035_details.sql · reads: core.album_details, core.unlisted_items, published.core · shipped: no
-- guarded by: tests/suite/warehouse/details.rs, tests/suite/operate/forget.rs
create table published.core.album_details as
select details.*
from core.album_details as details
semi join published.core.albums as albums on albums.id = details.album_id;

create table published.core.unlisted_items as
select items.*
from core.unlisted_items as items
semi join published.core.playlist_songs using (playlist_id, snapshot_id, position);
