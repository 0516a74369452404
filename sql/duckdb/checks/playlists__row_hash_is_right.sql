-- severity: error
-- why: row_hash proves in Snowflake that the row arrived; it must be the hash of the row it stands beside
-- table: playlists
select *
from staging.unshipped_playlists
where row_hash is distinct from
    staging.playlists_hash(id, name, owner_id, is_public, is_collaborative, snapshot_id, item_count, url)
