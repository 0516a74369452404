-- songs: what its pipe landed, append-only; column for column core.songs of DuckDB, then where the row came from.
-- key: id · audience: owner · needs: create table on the schema
-- Not null makes Snowpipe refuse a file whose columns have other names; it would load as rows of NULL.
create table if not exists {database}.{schema}.songs (
    id               varchar not null,
    name             varchar,
    added_at         timestamp_ntz(6), -- first added to any playlist, ever
    duration_ms      number(10, 0),
    popularity       number(10, 0), -- 0-100; NULL = unknown
    url              varchar,
    album_id         varchar,
    artist_ids       varchar, -- the primary artist's id
    run_id           varchar not null,
    extracted_at     timestamp_ntz(6) not null,
    row_hash         number(20, 0) not null,
    _file_name       varchar not null,
    _file_row_number number(38, 0) not null,
    _loaded_at       timestamp_ltz
);
