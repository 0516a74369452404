-- details: what the published file has beside the shipped tables, whose columns are a promise and have no room for it.
-- grain: album_id; (playlist_id, snapshot_id, position) · reads: nothing (finish.sql writes) · shipped: no
-- guarded by: tests/suite/warehouse/details.rs

-- One row per album of core.albums that was read since this table is there.
create table if not exists core.album_details (
    album_id               varchar,
    release_date_precision varchar, -- year | month | day; NULL = no date that can be read
    run_id                 varchar
);

-- One row per row of a snapshot that is no song but has a name: local files and episodes.
create table if not exists core.unlisted_items (
    playlist_id varchar,
    snapshot_id varchar,
    position    integer,
    item_kind   varchar, -- local | episode
    name        varchar,
    artist_name varchar, -- of an episode its show
    album_name  varchar,
    duration_ms integer,
    run_id      varchar
);
