-- popularity_moves: the songs whose popularity moved most, on the last day on which any moved.
with latest as (
    select max(observed_on) as observed_on
    from marts.song_popularity_over_time
    where popularity_change <> 0
)

select moves.song_id, moves.song_name, moves.observed_on, moves.popularity, moves.popularity_change
from marts.song_popularity_over_time as moves
inner join latest on latest.observed_on = moves.observed_on
where moves.popularity_change <> 0
order by abs(moves.popularity_change) desc, moves.popularity desc, moves.song_id
limit 12
