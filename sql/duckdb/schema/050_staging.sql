-- staging: the pending reads as typed rows, and what no run has shipped yet.
-- grain: see each view · reads: raw, meta, core · shipped: no · guarded by: playlist_songs__row_is_readable
create or replace view staging.pending_reads as
select * from meta.reads
where transformed_in is null and status in ('complete', 'partial', 'metadata_only');

create or replace view staging.pending_documents as
select documents.*, reads.playlist_id, nullif(reads.snapshot_id, '') is not null as has_snapshot_id
from raw.documents as documents
inner join staging.pending_reads as reads using (read_id);

-- One row per row of a playlist or of the liked songs: what it says of its place, not yet what stands there.
create or replace view staging.playlist_frames as
with parsed as (
    select
        documents.read_id,
        documents.document_id,
        documents.has_snapshot_id,
        rows.position,
        -- One number that orders rows by age of document, then by position.
        documents.document_id * 16777216 + rows.position as ordinal,
        rows.item_id,
        rows.row_json = 'null' as is_null_row,
        -- Read as an object, any other JSON would look like one without members, which is a removed item.
        starts_with(rows.row_json, '{') as is_object,
        case when rows.item_id is null and starts_with(rows.row_json, '{') then rows.row_json end as whole_json,
        staging.read_json(rows.row_json, staging.frame_structure()) as frame
    from raw.rows as rows
    inner join (
        select read_id, document_id, has_snapshot_id from staging.pending_documents
        where entity in ('playlist', 'playlist_items', 'liked_songs')
    ) as documents using (document_id)
)

select
    read_id, document_id, position, ordinal, whole_json,
    -- An item that was not cut out of its row is named after the row, below zero.
    case when whole_json is null then item_id else -ordinal end as item_id,
    not is_null_row and (frame is null or not is_object) as is_unreadable,
    staging.to_timestamp(frame.added_at) as added_at,
    -- It identifies the row in a list that has no snapshot_id.
    case when not has_snapshot_id then coalesce(frame.added_at, '') end as added_at_text,
    nullif(frame.added_by.id, '') as added_by,
    coalesce(frame.is_local, false) as is_local_row
from parsed;

-- The views below filter nothing by what they parsed: DuckDB would push such a filter below the join
-- and parse the whole history. Models store them first.

-- One row per playlist document, and per row of a list of playlists.
create or replace view staging.playlist_objects as
with texts as (
    select document_id, read_id, playlist_id, 0 as position, false as is_listed, envelope as object_json
    from staging.pending_documents
    where entity = 'playlist'
    union all
    select rows.document_id, documents.read_id, null, rows.position, true, rows.row_json
    from raw.rows as rows
    inner join (
        select document_id, read_id from staging.pending_documents where entity = 'my_playlists'
    ) as documents using (document_id)
),

parsed as (
    select *, staging.read_json(object_json, staging.playlist_structure()) as playlist from texts
)

select
    document_id, read_id, position, is_listed,
    playlist is not null as is_readable,
    coalesce(playlist_id, nullif(playlist.id, '')) as id,
    playlist.name as name,
    nullif(playlist.owner.id, '') as owner_id,
    playlist.public as is_public,
    playlist.collaborative as is_collaborative,
    nullif(playlist.snapshot_id, '') as snapshot_id,
    staging.to_integer(coalesce(playlist.items.total, playlist.tracks.total)) as item_count,
    playlist.external_urls.spotify as url
from parsed;

-- One row per full album.
create or replace view staging.album_objects as
select
    documents.document_id * 16777216 + rows.position as ordinal,
    staging.read_json(rows.row_json, staging.album_structure()) as album
from raw.rows as rows
inner join (
    select document_id from staging.pending_documents where entity = 'albums'
) as documents using (document_id);

-- One row per full artist.
create or replace view staging.artist_objects as
select
    documents.document_id * 16777216 + rows.position as ordinal,
    staging.read_json(rows.row_json, staging.full_artist_structure()) as artist
from raw.rows as rows
inner join (
    select document_id from staging.pending_documents where entity = 'artists'
) as documents using (document_id);

-- What the checks look at and the export ships: the rows that the lake lacks, a refused run's among them.
-- each table
create or replace view staging.unshipped_{table} as
from core.{table} where run_id in (select run_id from meta.pending_runs where consumer = '{lake}');
-- end

-- Rows that the published file does not know yet, of snapshots that it may know: those were read before, too.
create or replace view staging.republished_playlist_songs as
select changed.*
from core.playlist_songs as changed
semi join (
    select playlist_id, snapshot_id from meta.snapshots
    where run_id not in (select run_id from meta.pending_runs where consumer = '{published}')
) as known using (playlist_id, snapshot_id)
where run_id in (select run_id from meta.pending_runs where consumer = '{published}');

-- The reads whose rows the checks answer for: those of runs that shipped nothing yet, or all where everything is looked at.
create or replace view staging.checked_reads as
from meta.reads
where transformed_in in (select run_id from meta.pending_runs where consumer = '{lake}')
    or (transformed_in is not null and coalesce(getvariable('checks_everything')::boolean, false));

-- One row per checked read that had contents, with what core holds of its snapshot.
create or replace view staging.snapshot_counts as
with reads as (
    select
        reads.read_id, reads.status, reads.total, reads.transformed_in,
        snapshots.playlist_id, snapshots.snapshot_id, snapshots.landed_row_count
    from staging.checked_reads as reads
    inner join meta.snapshots as snapshots using (read_id)
),

unshipped as (
    select
        playlist_id, snapshot_id, count(*) as row_count,
        min(position) as first_position, max(position) as last_position,
        count(*) filter (item_kind = 'track') as track_count,
        count(*) filter (item_kind = 'episode') as episode_count,
        count(*) filter (item_kind = 'local') as local_count,
        count(*) filter (item_kind = 'removed') as removed_count,
        count(*) filter (item_kind is null) as unreadable_count
    from staging.unshipped_playlist_songs
    group by playlist_id, snapshot_id
),

-- A snapshot that was read again has rows that were shipped before; only then is the history worth a look.
known_snapshots as (
    select reads.playlist_id, reads.snapshot_id
    from reads
    left join unshipped using (playlist_id, snapshot_id)
    where coalesce(unshipped.row_count, 0) <> reads.landed_row_count
),

stored as (
    select
        playlist_id, snapshot_id, count(*) as row_count,
        min(position) as first_position, max(position) as last_position,
        count(*) filter (item_kind = 'track') as track_count,
        count(*) filter (item_kind = 'episode') as episode_count,
        count(*) filter (item_kind = 'local') as local_count,
        count(*) filter (item_kind = 'removed') as removed_count,
        count(*) filter (item_kind is null) as unreadable_count
    from core.playlist_songs
    semi join known_snapshots using (playlist_id, snapshot_id)
    group by playlist_id, snapshot_id
),

counts as (
    from stored
    union all
    from unshipped
    where (playlist_id, snapshot_id) not in (select (playlist_id, snapshot_id) from stored)
)

select
    reads.*,
    coalesce(counts.row_count, 0) as row_count,
    counts.first_position, counts.last_position,
    coalesce(counts.track_count, 0) as track_count,
    coalesce(counts.episode_count, 0) as episode_count,
    coalesce(counts.local_count, 0) as local_count,
    coalesce(counts.removed_count, 0) as removed_count,
    coalesce(counts.unreadable_count, 0) as unreadable_count
from reads
left join counts using (playlist_id, snapshot_id);

-- One place for each of some songs, where a person finds it. Not a view: that would look at the whole history, where nothing is wrong.
create or replace macro staging.places_of(song_ids) as table
    select song_id, arg_min(struct_pack(playlist_id, position), (playlist_id, position)) as place
    from core.playlist_songs
    where song_id in (select unnest(song_ids))
    group by song_id;

-- What a run that shipped every row has proven took the place of all that was sent of the table before it.
create or replace view staging.replacing_runs as
select "table", max(run_id) as run_id
from (
    select files."table", files.run_id
    from meta.files as files
    inner join meta.runs as runs using (run_id)
    where runs.is_full
    group by files."table", files.run_id
    having bool_and(files.state = 'verified')
)
group by "table";
