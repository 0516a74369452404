-- part_count: in how many parts the pairs of songs of one list fit into memory.
-- grain: none · reads: near_pairs, shifted_songs · shipped: no
select greatest(1, coalesce(sum(sizes.song_count), 0) // 2_000_000)::bigint
from near_pairs as pairs
semi join shifted_songs as shifted on shifted.song = pairs.song
inner join (select list, count(*) as song_count from near_pairs group by list) as sizes
    on sizes.list = pairs.list
