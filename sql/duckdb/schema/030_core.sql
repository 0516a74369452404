-- core: the shipped tables in their current state, column for column as in DESIGN section 4.
-- grain: the key named above each table · reads: nothing (merge.sql writes) · shipped: yes
-- guarded by: <table>__key_is_unique
-- The only description of a table: everything that is the same for each is a template over it (src/table.rs reads it). A column a
-- line, its type one of varchar, integer, date, timestamp and boolean; a group, where a row that goes leaves a trace only in the others
-- of its group.
create schema if not exists core;

-- Spotify's ids are as good as random: each row's own is kept as it is, because trying to compress it costs a third of a merge and
-- saves 3 %. (sqlfluff cannot parse `using compression`, hence the noqa.)

-- key: id
create table if not exists core.albums ( -- noqa: PRS
    id           varchar using compression uncompressed,
    name         varchar,
    release_date date,
    total_tracks integer,
    url          varchar,
    run_id       varchar,
    extracted_at timestamp,
    row_hash     decimal(20, 0)
);

-- key: id
create table if not exists core.artists ( -- noqa: PRS
    id           varchar using compression uncompressed,
    name         varchar,
    url          varchar,
    run_id       varchar,
    extracted_at timestamp,
    row_hash     decimal(20, 0)
);

-- key: id
create table if not exists core.songs ( -- noqa: PRS
    id           varchar using compression uncompressed,
    name         varchar,
    added_at     timestamp, -- first added to any playlist, ever
    duration_ms  integer,
    popularity   integer,   -- 0-100; NULL = unknown
    url          varchar,
    album_id     varchar using compression uncompressed,
    artist_ids   varchar,   -- the primary artist's id
    run_id       varchar,
    extracted_at timestamp,
    row_hash     decimal(20, 0)
);

-- key: song_id, artist_position
-- group: song_id
create table if not exists core.song_artists ( -- noqa: PRS
    song_id         varchar using compression uncompressed,
    artist_position integer, -- 0 = the primary artist
    artist_id       varchar,
    run_id          varchar,
    extracted_at    timestamp,
    row_hash        decimal(20, 0)
);

-- key: id
create table if not exists core.playlists (
    id               varchar,
    name             varchar,
    owner_id         varchar,
    is_public        boolean,
    is_collaborative boolean,
    snapshot_id      varchar,
    item_count       integer,
    url              varchar,
    run_id           varchar,
    extracted_at     timestamp,
    row_hash         decimal(20, 0)
);

-- key: playlist_id, snapshot_id, position
create table if not exists core.playlist_songs ( -- noqa: PRS
    playlist_id  varchar,
    snapshot_id  varchar,
    position     integer, -- 0-based; null rows are counted
    song_id      varchar using compression uncompressed, -- NULL unless item_kind is 'track'
    added_at     timestamp,
    added_by     varchar,
    item_kind    varchar, -- track | episode | local | removed
    run_id       varchar,
    extracted_at timestamp,
    row_hash     decimal(20, 0)
);

-- key: song_id, observed_on
create table if not exists core.song_observations ( -- noqa: PRS
    song_id        varchar using compression uncompressed,
    observed_on    date,
    popularity     integer,
    playlist_count integer,
    run_id         varchar,
    extracted_at   timestamp,
    row_hash       decimal(20, 0)
);

-- key: artist_id, genre
-- group: artist_id
create table if not exists core.genres (
    artist_id    varchar,
    genre        varchar,
    run_id       varchar,
    extracted_at timestamp,
    row_hash     decimal(20, 0)
);
