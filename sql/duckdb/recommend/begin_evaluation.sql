-- begin_evaluation: what is known and what is hidden of each list. A template: {interactions} is that of features.
-- Rows are known by their number, which is a fifth of an id.
-- grain: see each table · reads: core.playlists, core.songs of the published file · shipped: no
create or replace temp table known_pairs as
select playlists.rowid as list, songs.rowid as song, pairs.split
from ({interactions}) as pairs
inner join core.playlists as playlists on playlists.id = pairs.playlist_id
inner join core.songs as songs on songs.id = pairs.song_id;

create or replace temp table hidden_pairs as
select list, song from known_pairs
where split = 'test';

delete from known_pairs
where split = 'test';

create or replace temp table known_songs as
select
    counts.song, counts.list_count, songs.id, songs.artist_ids as artist_id,
    row_number() over (order by counts.list_count desc, songs.id) as popularity_rank
from (select song, count(*) as list_count from known_pairs group by song) as counts
inner join core.songs as songs on songs.rowid = counts.song;

create or replace temp table tested_lists as
select
    hidden.list, hidden.hidden_count,
    coalesce(known.known_count, 0) as known_count,
    greatest(hidden.hidden_count, 500) as shown_count,
    row_number() over (order by hidden.list) as number
from (select list, count(*) as hidden_count from hidden_pairs group by list) as hidden
left join (select list, count(*) as known_count from known_pairs group by list) as known using (list);

-- The gain of a hit at each rank, and of the best that there can be.
create or replace temp table gains as
select rank, 1 / log2(rank + 1) as gain, sum(1 / log2(rank + 1)) over (order by rank) as ideal
from range(1, 501) as ranks(rank);
