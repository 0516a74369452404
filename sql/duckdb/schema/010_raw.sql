-- raw: Spotify's answers as received; one row per document, one per row of the array that it carries, one per item in these.
-- grain: document_id; (document_id, position); item_id; (artist_id, genre) · reads: nothing (landing writes) · shipped: no
-- guarded by: playlist_songs__no_row_is_lost, playlist_songs__row_is_readable
create schema if not exists raw;

create table if not exists raw.documents (
    document_id bigint,    -- increasing, so that zone maps keep history out of a run
    read_id     bigint,
    run_id      varchar,
    entity      varchar,   -- playlist | playlist_items | liked_songs | my_playlists | artists | albums
    url         varchar,   -- path and query as asked, without the host
    fetched_at  timestamp, -- UTC
    etag        varchar,
    page_offset integer,   -- position of the first row
    envelope    varchar,   -- the body with its rows cut out
    -- What puts the body together again byte for byte; NULL in documents that an earlier version landed.
    rows_at     integer,   -- bytes of the envelope before the rows
    row_count   integer,   -- rows cut out, also those that another document of the read holds
    row_gaps    varchar    -- the text between rows where it is the same everywhere, else each of them, joined with |
);

alter table raw.documents add column if not exists rows_at integer;
alter table raw.documents add column if not exists row_count integer;
alter table raw.documents add column if not exists row_gaps varchar;

create table if not exists raw.rows ( -- noqa: PRS
    document_id bigint,
    position    integer,   -- absolute and 0-based; null rows are counted
    -- The row's own bytes, 'null' for a null row; or, where item_id says so, with 'null' in place of its item.
    -- Zstd: a fifth of the size of what DuckDB would choose, and half its time.
    -- (sqlfluff cannot parse `using compression`, hence the noqa.)
    row_json    varchar using compression zstd
);

-- NULL: the row is whole.
alter table raw.rows add column if not exists item_at integer; -- characters before the item
alter table raw.rows add column if not exists item_id bigint;

-- What stands in rows of playlists and of the liked songs: each text once per landing, in however many rows it stands.
create table if not exists raw.items ( -- noqa: PRS
    item_id   bigint, -- increasing, so that zone maps keep history out of a run
    item_json varchar using compression zstd
);

-- What files of genres gave (`--genres`), each pair once, of artists that are known: its rows are of origin `file`. None of it goes but
-- with its artist, so that what Spotify gives, or gives no longer, takes nothing away.
create table if not exists raw.genres (
    read_id   bigint, -- the first that gave it
    artist_id varchar,
    genre     varchar
);

-- A row's own bytes, its item back in its place. The 5: what follows `null`.
create or replace macro raw.whole_row(row_json, item_at, item_json) as
    coalesce(left(row_json, item_at) || item_json || substr(row_json, item_at + 5), row_json);

create or replace view raw.row_texts as
select document_id, position, row_json
from raw.rows
where item_id is null
union all
select rows.document_id, rows.position, raw.whole_row(rows.row_json, rows.item_at, items.item_json) as row_json
from raw.rows as rows
inner join raw.items as items using (item_id);
