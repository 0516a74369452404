-- song_artists: what its pipe landed, append-only; column for column core.song_artists of DuckDB, then where the row came from.
-- key: song_id, artist_position · audience: owner · needs: create table on the schema
-- Not null makes Snowpipe refuse a file whose columns have other names; it would load as rows of NULL.
create table if not exists {database}.{schema}.song_artists (
    song_id          varchar not null,
    artist_position  number(10, 0) not null, -- 0 = the primary artist
    artist_id        varchar,
    run_id           varchar not null,
    extracted_at     timestamp_ntz(6) not null,
    row_hash         number(20, 0) not null,
    _file_name       varchar not null,
    _file_row_number number(38, 0) not null,
    _loaded_at       timestamp_ltz
);
