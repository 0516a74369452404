-- begin: makes the first table of features, and what all of the others are made from. A template: {interactions} is interactions.sql.
-- What changed is made from the same by changes.sql, where everything is concerned that is new.
-- grain: see each table · reads: core.playlists, core.songs of the published file · shipped: no
drop schema if exists features cascade;

create schema features;

create table features.interactions as
select * from ({interactions}) as pairs
order by playlist_id, added_at nulls first, song_id;

-- Which song stands in the rows of train of which list, by number, and whether it did before.
create or replace temp table near_pairs as
select playlists.rowid as list, songs.rowid as song, false as was_there, true as is_there
from features.interactions as pairs
inner join core.playlists as playlists on playlists.id = pairs.playlist_id
inner join core.songs as songs on songs.id = pairs.song_id
where pairs.split = 'train';

create or replace temp table shifted_songs as
select distinct song from near_pairs;

create or replace temp table degree_parts (song bigint, part bigint);

create or replace temp table concerned_songs as
select id as song_id from core.songs;

create or replace temp table concerned_lists as
select id as playlist_id from core.playlists;
