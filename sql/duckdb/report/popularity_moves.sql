-- popularity_moves: the songs whose popularity moved most, on the last day on which any moved.
with moves as (
    select song_id, song_name, observed_on, popularity, popularity_change
    from marts.song_popularity_over_time
    where popularity_change <> 0
)

select song_id, song_name, observed_on, popularity, popularity_change
from moves
qualify observed_on = max(observed_on) over ()
order by abs(popularity_change) desc, popularity desc, song_id
limit 12
