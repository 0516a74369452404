-- finish: what a transform's transaction does besides the merges: rows that are gone, the ledger.
-- grain: none · reads: gone_song_artists, pending_songs, gone_genres, touched_genres, pending_snapshots, pending_rows,
-- superseded_rows, known_snapshots, known_playlist_songs, playlist_changes, next_song_spread, next_details, changed_album_details,
-- changed_unlisted_items, consumed_reads · shipped: no
-- guarded by: playlist_songs__no_row_is_lost, song_artists__first_is_primary
insert into meta.pending_gone_rows by name
with gone as (
    select 'song_artists' as "table", song_id as first_key, artist_position::varchar as second_key
    from gone_song_artists
    union all
    select 'genres', artist_id, genre
    from gone_genres
)

select consumers.consumer, gone.*
from meta.consumers as consumers
cross join gone;

delete from core.song_artists
where (song_id, artist_position) in (select (song_id, artist_position) from gone_song_artists);

delete from core.genres
where (artist_id, genre) in (select (artist_id, genre) from gone_genres);

-- A row that is gone leaves nothing to ship, so Snowflake learns of it from the age of its neighbours: a song's places are
-- those no older than its position 0, an artist's genres those as old as the newest (sql/snowflake/current). Hence these
-- neighbours are shipped again, unchanged; nothing else is.
update core.song_artists
set run_id = getvariable('run_id'), extracted_at = getvariable('extracted_at')::timestamp
where run_id <> getvariable('run_id') and song_id in (
    select song_id from gone_song_artists
    union
    select stored.song_id
    from core.song_artists as stored
    semi join pending_songs as pending on pending.id = stored.song_id
    where stored.artist_position = 0 and stored.run_id = getvariable('run_id')
);

update core.genres
set run_id = getvariable('run_id'), extracted_at = getvariable('extracted_at')::timestamp
where run_id <> getvariable('run_id') and artist_id in (
    select artist_id from gone_genres
    union
    select stored.artist_id
    from core.genres as stored
    semi join touched_genres as touched using (artist_id)
    where stored.run_id = getvariable('run_id')
);

insert into meta.snapshots by name
with landed as (
    select
        read_id,
        count(*) as landed_row_count,
        count(*) filter (item_kind is null) as unreadable_row_count
    from pending_rows
    group by read_id
),

-- The rows of a snapshot that was held before are in core, merged; those of the others are at hand.
contents as (
    select snapshots.playlist_id, snapshots.snapshot_id, rows.item_kind
    from pending_rows as rows
    inner join pending_snapshots as snapshots using (read_id)
    anti join superseded_rows using (ordinal)
    anti join known_snapshots as known
        on known.playlist_id = snapshots.playlist_id and known.snapshot_id = snapshots.snapshot_id
    union all
    select playlist_id, snapshot_id, item_kind from known_playlist_songs
),

counts as (
    select
        playlist_id, snapshot_id,
        count(*) as row_count,
        count(*) filter (item_kind = 'track') as track_count,
        count(*) filter (item_kind = 'episode') as episode_count,
        count(*) filter (item_kind = 'local') as local_count,
        count(*) filter (item_kind = 'removed') as removed_count
    from contents
    group by playlist_id, snapshot_id
)

select
    snapshots.read_id,
    snapshots.playlist_id,
    snapshots.snapshot_id,
    getvariable('run_id') as run_id,
    coalesce(landed.landed_row_count, 0) as landed_row_count,
    coalesce(landed.unreadable_row_count, 0) as unreadable_row_count,
    coalesce(counts.row_count, 0) as row_count,
    coalesce(counts.track_count, 0) as track_count,
    coalesce(counts.episode_count, 0) as episode_count,
    coalesce(counts.local_count, 0) as local_count,
    coalesce(counts.removed_count, 0) as removed_count,
    coalesce(changes.added_song_count, 0) as added_song_count,
    coalesce(changes.removed_song_count, 0) as removed_song_count
from pending_snapshots as snapshots
left join landed using (read_id)
left join counts using (playlist_id, snapshot_id)
left join playlist_changes as changes using (playlist_id, snapshot_id);

delete from meta.song_spread
where song_id in (select song_id from next_song_spread where has_changed);

insert into meta.song_spread
select song_id, playlist_count from next_song_spread
where has_changed and playlist_count <> 0;

delete from core.album_details
where album_id in (select album_id from changed_album_details);

insert into core.album_details by name
select changed.*, getvariable('run_id') as run_id
from changed_album_details as changed;

delete from core.unlisted_items
where (playlist_id, snapshot_id, position) in (
    select (playlist_id, snapshot_id, position) from changed_unlisted_items
);

insert into core.unlisted_items by name
select changed.*, getvariable('run_id') as run_id
from changed_unlisted_items as changed;

insert into meta.details
select entity, object_id, run_id from next_details;

update meta.reads
set transformed_in = getvariable('run_id')
where read_id in (select read_id from consumed_reads);
