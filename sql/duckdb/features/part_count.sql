-- part_count: in how many parts the pairs of songs of one list fit into memory.
-- grain: none · reads: train_pairs · shipped: no
select greatest(1, coalesce(sum(song_count * song_count), 0) // 2_000_000)::bigint
from (select count(*) as song_count from train_pairs group by list)
