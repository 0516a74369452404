-- degrees: of a part of the songs that shifted, with how many others each shares a list of `train` now, less with how many it did before;
-- and the same of the others, which did not. ?1: the part · ?2: how many parts there are
-- Pairs of songs are many more than rows: a part at a time, and by number in place of id, they fit into memory.
-- grain: none, the parts of a song are to be added up · reads: near_pairs, shifted_songs · shipped: no
insert into degree_parts
with neighbours as (
    select
        pairs.song,
        others.song as other,
        bool_or(pairs.was_there and others.was_there) as were_together,
        bool_or(pairs.is_there and others.is_there) as are_together
    from near_pairs as pairs
    semi join shifted_songs as shifted on shifted.song = pairs.song
    inner join near_pairs as others on others.list = pairs.list and others.song <> pairs.song
    where pairs.song % ?2 = ?1
    group by pairs.song, others.song
),

changed as (
    select song, other, are_together::bigint - were_together::bigint as part
    from neighbours
    where are_together <> were_together
)

select song, sum(part)::bigint from changed
group by song
union all
select changed.other, sum(changed.part)::bigint
from changed
anti join shifted_songs as shifted on shifted.song = changed.other
group by changed.other
