-- weekly_additions: additions to all playlists by week, for the last two years that have any.
with weeks as (
    select week, sum(added_song_count)::bigint as added_song_count
    from marts.songs_added_weekly
    group by week
),

last_week as (
    select max(week) as week from weeks
)

select weeks.week, weeks.added_song_count
from weeks
inner join last_week on weeks.week > last_week.week - 728
where weeks.added_song_count > 0
order by weeks.week
