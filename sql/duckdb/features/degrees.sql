-- degrees: of a part of the songs, with how many others each shares a list of `train`. ?1: the part · ?2: how many parts there are
-- Pairs of songs are many more than rows: a part at a time, and by number in place of id, they fit into memory.
-- grain: song_id · reads: train_pairs · shipped: no
insert into degrees
select songs.id as song_id, count(distinct others.song) as co_occurrence_degree
from train_pairs as pairs
inner join train_pairs as others on others.list = pairs.list and others.song <> pairs.song
inner join core.songs as songs on songs.rowid = pairs.song
where pairs.song % ?2 = ?1
group by songs.id
