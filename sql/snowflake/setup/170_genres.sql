-- genres: what its pipe landed, append-only; column for column core.genres of DuckDB, then where the row came from.
-- key: artist_id, genre · audience: owner · needs: create table on the schema
-- Not null makes Snowpipe refuse a file whose columns have other names; it would load as rows of NULL.
create table if not exists {database}.{schema}.genres (
    artist_id        varchar not null,
    genre            varchar not null,
    run_id           varchar not null,
    extracted_at     timestamp_ntz(6) not null,
    row_hash         number(20, 0) not null,
    _file_name       varchar not null,
    _file_row_number number(38, 0) not null,
    _loaded_at       timestamp_ltz
);
