-- playlists: one row per playlist that was read, liked songs among them, and new names of playlists that were only listed.
-- grain: id · reads: staging.pending_reads, staging.playlist_objects, pending_snapshots, core.playlists, meta.snapshots
-- shipped: yes · guarded by: playlists__key_is_unique, playlist_songs__playlist_exists
create or replace temp table pending_playlists as
from staging.playlist_objects;

create or replace temp table next_playlists as
with objects as (
    select * from pending_playlists where is_readable
),

-- The document of the read itself, else the newest row of a list that names the playlist.
described as (
    select
        reads.read_id,
        reads.playlist_id as id,
        reads.entity,
        reads.status <> 'metadata_only' as has_contents,
        reads.snapshot_id as read_snapshot_id,
        reads.total,
        objects.document_id is not null as is_described,
        objects.* exclude (document_id, read_id, id, position, is_listed, is_readable)
    from staging.pending_reads as reads
    left join objects
        on (not objects.is_listed and objects.read_id = reads.read_id)
        or (objects.is_listed and objects.id = reads.playlist_id and reads.status = 'metadata_only')
    where reads.entity in ('playlist', 'liked_songs')
    qualify row_number() over (
        partition by reads.read_id order by objects.is_listed nulls last, objects.document_id desc, objects.position desc
    ) = 1
),

-- Contents beat a mere description, and a described read beats lone pages of the same playlist.
newest as (
    select * from described
    qualify row_number() over (
        partition by id order by has_contents desc, is_described or entity = 'liked_songs' desc, read_id desc
    ) = 1
),

-- Snapshots with rows, of the playlists that came without.
held as (
    select distinct playlist_id, snapshot_id
    from meta.snapshots
    where playlist_id in (select id from newest where not has_contents)
),

read_playlists as (
    select
        newest.id,
        -- What an answer leaves open stays as it was known.
        case when entity = 'liked_songs' then 'Liked Songs' else coalesce(newest.name, stored.name) end as name,
        case
            when entity = 'liked_songs' then staging.liked_songs_user(newest.id)
            else coalesce(newest.owner_id, stored.owner_id)
        end as owner_id,
        case
            when entity = 'liked_songs' then false else coalesce(newest.is_public, stored.is_public)
        end as is_public,
        case
            when entity = 'liked_songs' then false else coalesce(newest.is_collaborative, stored.is_collaborative)
        end as is_collaborative,
        -- Without contents the snapshot whose rows we hold stays the current one.
        case
            when held.playlist_id is not null then stored.snapshot_id
            else coalesce(snapshots.snapshot_id, nullif(newest.read_snapshot_id, ''), newest.snapshot_id)
        end as snapshot_id,
        case
            when held.playlist_id is not null then stored.item_count
            else coalesce(newest.total, newest.item_count)
        end as item_count,
        case
            when entity = 'liked_songs' then 'https://open.spotify.com/collection/tracks'
            else coalesce(newest.url, stored.url)
        end as url
    from newest
    left join pending_snapshots as snapshots using (read_id)
    left join core.playlists as stored on stored.id = newest.id
    left join held on held.playlist_id = newest.id and held.snapshot_id = stored.snapshot_id
),

-- A list row says nothing about contents, so it counts only for the snapshot that we hold.
listed_playlists as (
    select
        objects.id, coalesce(objects.name, stored.name) as name, coalesce(objects.owner_id, stored.owner_id) as owner_id,
        coalesce(objects.is_public, stored.is_public) as is_public,
        coalesce(objects.is_collaborative, stored.is_collaborative) as is_collaborative,
        stored.snapshot_id, stored.item_count, coalesce(objects.url, stored.url) as url
    from objects
    inner join core.playlists as stored on stored.id = objects.id and stored.snapshot_id = objects.snapshot_id
    where objects.is_listed and objects.id not in (select id from read_playlists where id is not null)
    qualify row_number() over (
        partition by objects.id order by objects.document_id desc, objects.position desc
    ) = 1
),

playlists as (
    from read_playlists
    union all
    from listed_playlists
)

select
    *,
    staging.playlists_hash(id, name, owner_id, is_public, is_collaborative, snapshot_id, item_count, url) as row_hash
from playlists;
