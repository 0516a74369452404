-- playlist_songs: one row per position of a snapshot; the newest document wins.
-- grain: playlist_id, snapshot_id, position · reads: pending_rows, pending_snapshots · shipped: yes
-- guarded by: playlist_songs__key_is_unique, playlist_songs__no_row_is_lost

-- Pages rarely overlap (the same snapshot read twice); only then is each position worth comparing.
create or replace temp table superseded_rows as
with page_ranges as (
    select
        snapshots.playlist_id, snapshots.snapshot_id, rows.document_id,
        rows.first_position, rows.last_position,
        rows.row_count <> rows.last_position - rows.first_position + 1 as has_gap
    from (
        select
            read_id, document_id, count(*) as row_count,
            min(position) as first_position, max(position) as last_position
        from pending_rows
        group by read_id, document_id
    ) as rows
    inner join pending_snapshots as snapshots using (read_id)
),

overlapping_snapshots as (
    select distinct playlist_id, snapshot_id
    from (
        select
            *,
            max(last_position) over (
                partition by playlist_id, snapshot_id order by first_position, document_id
                rows between unbounded preceding and 1 preceding
            ) as last_position_before
        from page_ranges
    )
    where first_position <= last_position_before or has_gap
)

select rows.ordinal
from pending_rows as rows
inner join pending_snapshots as snapshots using (read_id)
inner join overlapping_snapshots using (playlist_id, snapshot_id)
qualify row_number() over (
    partition by snapshots.playlist_id, snapshots.snapshot_id, rows.position order by (rows.ordinal) desc
) > 1;

-- Views: each is read once, and a million rows of ids are dear to store twice.
create or replace temp view pending_positions as
select
    snapshots.playlist_id, snapshots.snapshot_id, rows.position,
    rows.song_id, rows.added_at, rows.added_by, rows.item_kind
from pending_rows as rows
inner join pending_snapshots as snapshots using (read_id)
anti join superseded_rows using (ordinal);

create or replace temp view next_playlist_songs as
select
    *,
    staging.playlist_songs_hash(playlist_id, snapshot_id, position, song_id, added_at, added_by, item_kind) as row_hash
from pending_positions;

-- The snapshots that are read again: no other row can have a key that is stored, and the history is long.
create or replace temp table known_snapshots as
select distinct playlist_id, snapshot_id
from pending_snapshots
semi join meta.snapshots as known using (playlist_id, snapshot_id);

create or replace temp view known_playlist_songs as
select stored.rowid, stored.*
from core.playlist_songs as stored
semi join known_snapshots using (playlist_id, snapshot_id);

create or replace temp view again_playlist_songs as
select
    *,
    staging.playlist_songs_hash(playlist_id, snapshot_id, position, song_id, added_at, added_by, item_kind) as row_hash
from pending_positions
semi join known_snapshots using (playlist_id, snapshot_id);
