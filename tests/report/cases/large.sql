-- 100,000 songs in 16 lists, one of 10,000; two states of each list, forty days, four hundred runs.
delete from core.songs;
delete from core.artists;
delete from core.albums;
delete from core.song_artists;
delete from core.genres;
delete from core.song_observations;
delete from core.playlist_songs;
delete from core.playlists;

create temp table songs as
select i, 'song' || lpad(i::varchar, 18, '0') as id, (i * 7919) % 20000 as artist, i % 30000 as album
from range(100000) as numbers (i);

insert into core.songs by name
select
    id, 'Song number ' || i || repeat(' and on', i % 9) as name,
    timestamp '2015-01-01' + to_hours((i * 11) % 96000) as added_at, 120000 + i % 240000 as duration_ms, (i * 31) % 101 as popularity,
    'https://open.spotify.com/track/' || id as url, 'albu' || lpad(album::varchar, 18, '0') as album_id,
    'arti' || lpad((artist * artist / 20000)::integer::varchar, 18, '0') as artist_ids,
    'run' as run_id, timestamp '2026-01-01' as extracted_at
from songs;

insert into core.artists by name
select 'arti' || lpad(i::varchar, 18, '0') as id, 'Artist ' || i as name, 'https://open.spotify.com/artist/x' as url
from range(20000) as numbers (i);

insert into core.albums by name
select 'albu' || lpad(i::varchar, 18, '0') as id, 'Album ' || i as name, date '1950-01-01' + (i % 27700)::integer as release_date, 12 as total_tracks
from range(30000) as numbers (i);

insert into core.song_artists by name
select id as song_id, 0 as artist_position, artist_ids as artist_id from core.songs;

insert into core.genres by name
select id as artist_id, 'genre ' || (hash(id) % 400) as genre from core.artists where hash(id) % 3 > 0;

insert into core.song_observations by name
select id as song_id, date '2025-11-22' + day::integer as observed_on, ((hash(id) + day * (hash(id) % 3)) % 101)::integer as popularity, 1 as playlist_count
from core.songs, range(40) as days (day)
where hash(id) % 20 = 0 or day in (0, 39);

insert into core.playlists by name
select
    'list' || lpad(i::varchar, 18, '0') as id, 'List number ' || i as name, 'owner' as owner_id, true as is_public, false as is_collaborative,
    'later' as snapshot_id, if(i = 0, 10000, 6200) as item_count, timestamp '2026-01-01' as extracted_at, 'run2' as run_id
from range(16) as numbers (i);

-- A few hundred songs of each list are those of the one before it; the earlier state lacks some of the end, and has others.
insert into core.playlist_songs by name
select
    playlists.id as playlist_id, states.snapshot_id, positions.position, 'track' as item_kind,
    'song' || lpad((((substr(playlists.id, 5)::integer * 6000 + positions.position + states.shift) % 100000))::varchar, 18, '0') as song_id,
    timestamp '2019-01-01' + to_minutes((positions.position * 397 + substr(playlists.id, 5)::integer * 1013) % 3600000) as added_at,
    'user' || (positions.position % 40) as added_by, states.read_at as extracted_at, states.run_id
from core.playlists as playlists,
    (values ('earlier', 'run1', timestamp '2025-12-01', 400), ('later', 'run2', timestamp '2026-01-01', 0)) as states (snapshot_id, run_id, read_at, shift),
    range(10000) as positions (position)
where positions.position < playlists.item_count;

insert into operations.runs by name
select '01KDN' || lpad(i::varchar, 21, '0') as run_id, ['verified', 'unchanged', 'failed', 'unchanged', 'pending'][1 + i % 5] as status,
    timestamp '2025-01-01' + to_days(i::integer) as started_at, timestamp '2025-01-01 00:02:00' + to_days(i::integer) as finished_at
from range(400) as numbers (i);

insert into operations.checks by name
select runs.run_id, checks.check, checks.severity, if(hash(runs.run_id || checks.check) % 50 = 0, 'fail', 'pass') as status,
    if(hash(runs.run_id || checks.check) % 50 = 0, 7, 0) as offending_row_count
from operations.runs as runs, (select distinct "check", severity from operations.checks) as checks
where runs.run_id like '01KDN%';

insert into operations.files by name
select runs.run_id, tables.table_name as "table", runs.run_id || tables.table_name as key, 100 as row_count, 'x' as sha256,
    ['verified', 'verified', 'superseded', 'mismatch', 'loaded'][1 + (hash(runs.run_id || tables.table_name) % 5)::integer] as state
from operations.runs as runs, (select distinct "table" as table_name from operations.files) as tables;
