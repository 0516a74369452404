-- playlist_songs: what its pipe landed, append-only; column for column core.playlist_songs of DuckDB, then where the row came from.
-- key: playlist_id, snapshot_id, position · audience: owner · needs: create table on the schema
-- Not null makes Snowpipe refuse a file whose columns have other names; it would load as rows of NULL.
create table if not exists {database}.{schema}.playlist_songs (
    playlist_id      varchar not null,
    snapshot_id      varchar not null,
    position         number(10, 0) not null, -- 0-based; null rows are counted
    song_id          varchar, -- NULL unless item_kind is 'track'
    added_at         timestamp_ntz(6),
    added_by         varchar,
    item_kind        varchar, -- track | episode | local | removed
    run_id           varchar not null,
    extracted_at     timestamp_ntz(6) not null,
    row_hash         number(20, 0) not null,
    _file_name       varchar not null,
    _file_row_number number(38, 0) not null,
    _loaded_at       timestamp_ltz
);
