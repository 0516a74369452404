-- whose: from the playlists and users named in `theirs`, everything that goes with them: playlists of the users', and songs, albums and
-- artists that nobody else's list needs.
-- grain: kind, value · reads: theirs, core, meta, raw · shipped: no · guarded by: tests/suite/forget.rs
-- Written into temporary tables, which the other files of this folder read.
insert into theirs
select 'playlist' as kind, found.playlist_id as value
from (
    select id as playlist_id
    from core.playlists
    where owner_id in (select value from theirs where kind = 'user')
    union
    -- A recording does not say whose liked songs it holds: they go with the user.
    select playlist_id
    from meta.reads
    where exists (from theirs where kind = 'user')
        and (playlist_id = 'liked' or playlist_id in (select 'liked:' || value from theirs where kind = 'user'))
    union
    select reads.playlist_id
    from raw.documents as documents
    inner join meta.reads as reads using (read_id)
    where documents.entity = 'playlist'
        and exists (from theirs where kind = 'user')
        and staging.read_json(documents.envelope, staging.playlist_structure()).owner.id
        in (select value from theirs where kind = 'user')
) as found
where found.playlist_id is not null
except
from theirs;

create or replace temp table their_lists as
select distinct value as playlist_id
from theirs
where kind = 'playlist';

-- Songs of these lists, and whether another list has them, too.
create or replace temp table list_songs as
with listed as (
    select distinct song_id
    from core.playlist_songs
    where song_id is not null and playlist_id in (select playlist_id from their_lists)
    union
    select value from theirs where kind = 'song'
),

elsewhere as (
    select distinct song_id
    from core.playlist_songs
    where song_id in (select song_id from listed) and playlist_id not in (select playlist_id from their_lists)
)

select
    song_id,
    song_id in (select song_id from elsewhere) as is_kept
from listed;

-- What songs and albums name, by the documents that are held: of the artists of an album, core says nothing.
create or replace temp table named_objects as
with texts as (
    select item_json as object_json from raw.items
    union all
    select row_json from raw.rows where item_id is null and row_json <> 'null'
),

parsed as (
    select staging.read_json(
        object_json,
        '{"id":"VARCHAR","album":{"id":"VARCHAR","artists":[{"id":"VARCHAR"}]},"artists":[{"id":"VARCHAR"}],'
        || '"item":{"id":"VARCHAR","album":{"id":"VARCHAR","artists":[{"id":"VARCHAR"}]},"artists":[{"id":"VARCHAR"}]},'
        || '"track":{"id":"VARCHAR","album":{"id":"VARCHAR","artists":[{"id":"VARCHAR"}]},"artists":[{"id":"VARCHAR"}]}}'
    ) as whole
    from texts
),

objects as (
    select
        coalesce(whole.item.id, whole.track.id, whole.id) as object_id,
        coalesce(whole.item.album, whole.track.album, whole.album) as album,
        coalesce(whole.item.artists, whole.track.artists, whole.artists) as artists
    from parsed
)

select distinct
    object_id,
    album.id as album_id,
    list_distinct(list_concat(
        list_transform(coalesce(artists, []), lambda artist: artist.id),
        list_transform(coalesce(album.artists, []), lambda artist: artist.id)
    )) as artist_ids
from objects
where object_id is not null;

delete from theirs
where kind = 'song' and value in (select song_id from list_songs where is_kept);

insert into theirs
select 'song' as kind, song_id as value from list_songs where not is_kept
except
from theirs;

create or replace temp table their_songs as
select distinct value as song_id
from theirs
where kind = 'song';

insert into theirs
select 'album' as kind, album_id as value
from (
    select album_id from core.songs where id in (select song_id from their_songs)
    union
    select album_id from named_objects where object_id in (select song_id from their_songs)
) as found
where album_id is not null
except
from theirs;

delete from theirs
where kind = 'album' and value in (
    select album_id from core.songs where album_id is not null and id not in (select song_id from their_songs)
    union
    select album_id from named_objects where album_id is not null and object_id not in (select song_id from their_songs)
);

create or replace temp table their_works as
select value as object_id
from theirs
where kind in ('song', 'album');

insert into theirs
select 'artist' as kind, artist_id as value
from (
    select artist_id from core.song_artists where song_id in (select song_id from their_songs)
    union
    select artist_ids from core.songs where id in (select song_id from their_songs)
    union
    select unnest(artist_ids) from named_objects where object_id in (select object_id from their_works)
) as found
where artist_id is not null
except
from theirs;

delete from theirs
where kind = 'artist' and value in (
    select artist_id from core.song_artists where artist_id is not null and song_id not in (select song_id from their_songs)
    union
    select artist_ids from core.songs where artist_ids is not null and id not in (select song_id from their_songs)
    union
    select unnest(artist_ids) from named_objects where object_id not in (select object_id from their_works)
);

-- When the songs that stay were first added to a list that stays.
create or replace temp table moved_songs as
select list_songs.song_id, min(others.added_at) as added_at
from list_songs
left join (
    from core.playlist_songs where playlist_id not in (select playlist_id from their_lists)
) as others using (song_id)
where list_songs.is_kept
group by list_songs.song_id;

-- From when to when each of these lists was known to hold a song that stays.
create or replace temp table their_spans as
with readings as (
    select
        snapshots.playlist_id,
        snapshots.snapshot_id,
        runs.started_at as since,
        lead(runs.started_at) over (partition by snapshots.playlist_id order by snapshots.read_id) as until
    from meta.snapshots as snapshots
    inner join meta.runs as runs using (run_id)
    where snapshots.playlist_id in (select playlist_id from their_lists)
)

select distinct
    rows.song_id,
    readings.playlist_id,
    readings.since,
    coalesce(readings.until, 'infinity'::timestamp) as until
from readings
inner join core.playlist_songs as rows using (playlist_id, snapshot_id)
where rows.song_id in (select song_id from list_songs where is_kept);

-- Names are words of texts only: nothing is looked up by them.
insert into theirs
select 'name' as kind, name as value
from core.playlists
where id in (select playlist_id from their_lists) and length(name) >= 4
except
from theirs;

set variable their_ids = (select coalesce(list(value), []) from theirs where kind <> 'name');

set variable their_words = (
    select coalesce(list(value), []) from theirs where kind in ('playlist', 'user', 'name') and length(value) >= 4
);
