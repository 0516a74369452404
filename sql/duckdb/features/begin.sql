-- begin: what the tables of features are made from. A template: {interactions} is interactions.sql.
-- grain: see each table · reads: core.playlists, core.songs of the published file · shipped: no
drop schema if exists features cascade;

create schema features;

create table features.interactions as
select * from ({interactions}) as pairs
order by playlist_id, added_at nulls first, song_id;

create or replace temp table train_pairs as
select playlists.rowid as list, songs.rowid as song
from features.interactions as pairs
inner join core.playlists as playlists on playlists.id = pairs.playlist_id
inner join core.songs as songs on songs.id = pairs.song_id
where pairs.split = 'train';

create or replace temp table degrees (song_id varchar, co_occurrence_degree bigint);
