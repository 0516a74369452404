-- meta: the ledger; what was read, run, counted, checked and shipped.
-- grain: see each table · reads: nothing · shipped: no · guarded by: the ledger and the warehouse, which alone write it
create schema if not exists meta;

-- One row per consistent attempt to read one subject.
create table if not exists meta.reads (
    read_id        bigint,
    run_id         varchar,
    entity         varchar, -- playlist | liked_songs | my_playlists | artists | albums
    playlist_id    varchar, -- for liked songs 'liked:<user id>' or 'liked'
    snapshot_id    varchar, -- NULL where Spotify gives none
    total          integer, -- rows Spotify announced; NULL = unknown
    status         varchar, -- reading | complete | partial | torn | metadata_only
    transformed_in varchar, -- the run whose transform consumed it; NULL = pending
    started_at     timestamp,
    finished_at    timestamp
);

-- Reads whose documents are in an archive alone.
create table if not exists meta.pruned_reads (
    read_id bigint
);

create table if not exists meta.runs (
    run_id      varchar,
    source      varchar,
    command     varchar,
    started_at  timestamp,
    finished_at timestamp,
    status      varchar,   -- running | exported | refused | failed | …
    stage       varchar,
    exported_at timestamp, -- when its rows were written for the lake; NULL = not
    report      varchar
);

-- When each list was last looked at, whether it was read or found unchanged, and by which run. One row per list.
create table if not exists meta.looks (
    playlist_id varchar,
    run_id      varchar,
    looked_at   timestamp
);

create table if not exists meta.table_counts (
    run_id            varchar,
    "table"           varchar,
    row_count         bigint,
    changed_row_count bigint,
    counted_at        timestamp
);

create table if not exists meta.check_results (
    run_id              varchar,
    "check"             varchar,
    severity            varchar, -- error | warn
    status              varchar, -- pass | fail
    offending_row_count bigint,
    checked_at          timestamp
);

create table if not exists meta.check_failures (
    run_id   varchar,
    "check"  varchar,
    severity varchar,
    failure  varchar -- the offending row as JSON
);

-- One row per transformed read that had contents: which snapshot it gave (computed where Spotify gives none) and how
-- many rows came of it. Small, so that nothing has to search the song rows of the history to learn what is new.
create table if not exists meta.snapshots (
    read_id              bigint,
    playlist_id          varchar,
    snapshot_id          varchar,
    run_id               varchar, -- the run that transformed it
    landed_row_count     bigint,  -- rows in raw.rows
    unreadable_row_count bigint
);

-- What its rows are, and what came and went with it since the snapshot that was current before the run: nothing where none was, and
-- with a snapshot that another of the same run has overtaken. NULL where an earlier version transformed it.
alter table meta.snapshots add column if not exists row_count bigint;
alter table meta.snapshots add column if not exists track_count bigint;
alter table meta.snapshots add column if not exists episode_count bigint;
alter table meta.snapshots add column if not exists local_count bigint;
alter table meta.snapshots add column if not exists removed_count bigint;
alter table meta.snapshots add column if not exists added_song_count bigint;
alter table meta.snapshots add column if not exists removed_song_count bigint;

-- In how many playlists, as they are now, each song stands; a song that is not here stands in none.
create table if not exists meta.song_spread ( -- noqa: PRS
    song_id        varchar using compression uncompressed,
    playlist_count integer
);

-- One row per artist or album whose full object was asked for, whether Spotify knew it or not.
create table if not exists meta.details (
    entity    varchar, -- artists | albums
    object_id varchar,
    run_id    varchar  -- the run that asked
);

-- When each bucket of an account's quota may be asked again.
create table if not exists meta.not_before (
    account varchar,
    until   timestamp,
    reason  varchar
);

alter table meta.not_before add column if not exists bucket varchar; -- as in spotify::Bucket

create table if not exists meta.files (
    run_id       varchar,
    "table"      varchar,
    key          varchar,
    part         integer,
    row_count    bigint,
    size_bytes   bigint,
    sha256       varchar,
    row_hash_sum varchar,
    state        varchar, -- exported | uploaded | submitting | accepted | verified | failed | mismatch | superseded
    local_path   varchar,
    updated_at   timestamp
);

alter table meta.runs add column if not exists manifest_key varchar; -- NULL = wrote no file
alter table meta.runs add column if not exists fetched_at timestamp; -- when its fetch came to its end; NULL = not
alter table meta.runs add column if not exists unread_count integer; -- playlists that it could not read
alter table meta.runs add column if not exists unread_reason varchar; -- why, of the first of them
alter table meta.runs add column if not exists put_off_until timestamp; -- when what Spotify put off may be asked for; NULL = nothing
alter table meta.runs add column if not exists put_off varchar; -- what that is, in words
alter table meta.runs add column if not exists is_over boolean; -- nothing could be read: the next run begins anew
alter table meta.runs add column if not exists is_full boolean; -- ships every row; NULL = what changed
alter table meta.runs add column if not exists renews_times boolean; -- what it ships again has its time; NULL = an earlier version's
alter table meta.files add column if not exists reason varchar; -- why it is not further, in words
alter table meta.files add column if not exists way varchar; -- how Snowflake may have learnt of it: rest | auto | copy; NULL = not
alter table meta.files add column if not exists told_at timestamp; -- when it may first have been told: a pipe's memory starts then
alter table meta.files add column if not exists request_id varchar; -- of the COPY INTO that was sent for it
alter table meta.files add column if not exists lost_at timestamp; -- when it was found that it cannot reach the bucket; NULL = not
-- When its table as a whole was last found to lack rows of it, after it was settled; NULL = not. Its own count says nothing then.
alter table meta.files add column if not exists unsettled_at timestamp;
-- What was written beside the files; NULL = nothing, or by an earlier version.
alter table meta.runs add column if not exists manifest_sha256 varchar;
alter table meta.runs add column if not exists manifest_size_bytes bigint;
alter table meta.runs add column if not exists archive_key varchar;
alter table meta.runs add column if not exists archive_sha256 varchar;
alter table meta.runs add column if not exists archive_size_bytes bigint;
alter table meta.files add column if not exists verified_at timestamp; -- when it was last found as it was sent; NULL = never
alter table meta.files add column if not exists verified_in varchar; -- where that was: account, database and schema

create table if not exists meta.settings (
    name  varchar, -- published: what the published file was when it was written (published/file.rs)
    value varchar
);

-- Who is sent what changes in core (src/ledger/consumers.rs): lake | published | …
create table if not exists meta.consumers (
    consumer varchar
);

-- What a consumer lacks: the rows of core that carry the id of one of these runs, and the rows that went.
create table if not exists meta.pending_runs (
    consumer varchar,
    run_id   varchar
);

create table if not exists meta.pending_gone_rows (
    consumer   varchar,
    "table"    varchar,
    first_key  varchar, -- the columns of the key, as text
    second_key varchar
);

alter table meta.pending_gone_rows add column if not exists run_id varchar; -- in which they went

-- The stream that row changes go to, one at a time: another begins with a replay.
create table if not exists meta.streams (
    stream    varchar,   -- a Kafka cluster's id and what its topics begin with, or a Kinesis stream's ARN
    address   varchar,   -- as it was configured
    begun_at  timestamp,
    replaying varchar    -- the tables that are being sent again; NULL = none
);

-- What the stream was last sent of each row. Two numbers, so that millions of rows cost little and no key stands here.
create table if not exists meta.stream_rows (
    "table"  varchar,
    key_hash ubigint, -- of the event's key
    row_hash ubigint, -- NULL = a tombstone; 0 = a row that is to be sent again
    batch    bigint
);

create table if not exists meta.stream_batches (
    batch           bigint,
    run_id          varchar,   -- which run sent it
    "table"         varchar,
    event_count     bigint,
    delete_count    bigint,    -- tombstones among them
    row_hash_sum    varchar,
    ranges          varchar,   -- partition, first and last offset of each, as JSON
    state           varchar,   -- sending | acknowledged
    begun_at        timestamp,
    acknowledged_at timestamp
);

-- Keys of rows that were forgotten, until the stream has their tombstones; empty otherwise.
create table if not exists meta.stream_gone (
    "table"  varchar,
    key_json varchar, -- as the event has it
    run_id   varchar
);

-- What was asked to be forgotten, and how far that is. It names nobody.
create table if not exists meta.forgets (
    forget_id varchar,   -- made as a run's id is
    scope     varchar,   -- playlist | user | everything
    begun_at  timestamp,
    ended_at  timestamp  -- NULL = the same command goes on with it
);

-- Whose rows they are, for as long as that lasts; empty otherwise.
create table if not exists meta.forgotten (
    kind  varchar, -- playlist | user | song | album | artist | name
    value varchar
);

-- Where the rows come from that stand in files of a run which wrote other files' rows anew: `run time`.
create table if not exists meta.rewritten_origins (
    run_id varchar,
    origin varchar
);

-- Playlists that are read again only where they are named: sha256 of each id, because the id is forgotten.
create table if not exists meta.forgotten_playlists (
    fingerprint  varchar,
    forgotten_at timestamp
);

-- Of a run without news, which is the newest of its stretch: how many it stands for, and when the first of them began; NULL = itself.
alter table meta.runs add column if not exists round_count bigint;
alter table meta.runs add column if not exists quiet_since timestamp;
alter table meta.runs add column if not exists is_rewrite boolean; -- its files hold rows of earlier files; NULL = its own
alter table meta.files add column if not exists forgotten_at timestamp; -- when its other rows went into a newer file; NULL = not
alter table meta.files add column if not exists mended_by varchar; -- the run whose rows took a wrong file's place, or `snowflake`; NULL = was not wrong
alter table meta.files add column if not exists erased_at timestamp; -- when nothing of it was left anywhere; NULL = it is there
