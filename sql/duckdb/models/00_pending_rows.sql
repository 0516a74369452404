-- pending_rows: every row of the pending reads and every item in them, each parsed once; all song models start here.
-- grain: document_id, position · reads: staging.playlist_frames, raw.items · shipped: no
-- guarded by: playlist_songs__row_is_readable

-- The reads that this transform takes in, whatever is landed while it works.
create or replace temp table consumed_reads as
select read_id from staging.pending_reads;

create or replace temp table pending_frames as
from staging.playlist_frames;

-- Items are landed with their rows, so those of the pending reads lie side by side: a range keeps history out.
set variable first_item_id = (select min(item_id) from pending_frames where item_id > 0);
set variable last_item_id = (select max(item_id) from pending_frames);

-- Each item once, in however many rows it stands: what it is, and what the song is.
create or replace temp table pending_items as
with texts as (
    select items.item_id, staging.read_json(items.item_json, staging.item_structure()) as item, false as is_gone
    from raw.items as items
    where items.item_id between getvariable('first_item_id') and getvariable('last_item_id')
    union all
    select item_id, coalesce(entry.item, entry.track), staging.names_no_item(whole_json)
    from (
        select item_id, whole_json, staging.read_json(whole_json, staging.whole_row_structure()) as entry
        from pending_frames
        where whole_json is not null
    )
)

select
    item_id,
    item is null and is_gone as is_gone,
    item is null and not is_gone as is_unreadable,
    nullif(item.id, '') as id,
    -- Only Spotify's own addresses say what something is.
    case when starts_with(item.uri, 'spotify:') then item.uri end as uri,
    -- What has an id, an album and artists is a track, also where nothing says so.
    coalesce(
        nullif(item.type, ''),
        case when item.id <> '' and item.album is not null and item.artists is not null then 'track' end
    ) as item_type,
    coalesce(item.is_local, false) as is_local,
    item.name as name,
    staging.to_integer(item.duration_ms) as duration_ms,
    staging.to_integer(item.popularity) as popularity,
    item.external_urls.spotify as url,
    item.show.name as show_name,
    item.album as album,
    item.artists as artists
from texts;

create or replace temp table pending_rows as
with rows as (
    select
        frames.read_id, frames.document_id, frames.position, frames.ordinal, frames.item_id,
        frames.added_at, frames.added_at_text, frames.added_by,
        -- Spotify says `null` for what it removed. A row whose item is missing, or has another name, is not known to be removed.
        frames.is_unreadable or (frames.item_id is not null and coalesce(items.is_unreadable, true)) as is_unreadable,
        coalesce(items.is_gone, true) as is_gone,
        frames.is_local_row or coalesce(items.is_local, false) as is_local,
        items.id, items.uri, items.item_type
    from pending_frames as frames
    left join pending_items as items using (item_id)
),

-- The uri names the kind: an episode can come in the shape of a track, whose "artists" are shows.
classified as (
    select
        *,
        case
            when is_unreadable then null -- an error check names it; it must not pass for a removed item
            when is_local or starts_with(uri, 'spotify:local:') then 'local'
            when starts_with(uri, 'spotify:track:') then 'track'
            when is_gone then 'removed'
            when uri is null and item_type = 'track' then 'track'
            -- Also chapters, and whatever Spotify adds that is not a song. What says nothing of itself is unreadable.
            when uri is not null or item_type is not null then 'episode'
        end as uri_kind
    from rows
),

identified as (
    select
        *,
        case when uri_kind = 'track' then coalesce(id, nullif(substr(uri, 15), '')) end as song_id
    from classified
)

select
    read_id, document_id, position, ordinal, item_id, song_id, added_by, added_at,
    -- A track without an id cannot be named, so it is as good as removed.
    case when uri_kind = 'track' and song_id is null then 'removed' else uri_kind end as item_kind,
    -- What identifies the contents of a list that has no snapshot_id.
    case when added_at_text is not null then coalesce(uri, '') || '|' || added_at_text end as identity_text
from identified;

drop table pending_frames;
