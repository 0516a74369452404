-- severity: warn
-- why: a table that lost more than half of its rows since the last good run was rarely meant to
-- table: playlists
with last_good_run as (
    select run_id from meta.runs
    where exported_at is not null and run_id in (select run_id from meta.table_counts)
    order by exported_at desc, run_id desc
    limit 1
),

counts as (
    select 'albums' as "table", count(*) as row_count from core.albums
    union all select 'artists', count(*) from core.artists
    union all select 'songs', count(*) from core.songs
    union all select 'song_artists', count(*) from core.song_artists
    union all select 'playlists', count(*) from core.playlists
    union all select 'playlist_songs', count(*) from core.playlist_songs
    union all select 'song_observations', count(*) from core.song_observations
    union all select 'genres', count(*) from core.genres
)

select counts."table", before.row_count as row_count_before, counts.row_count
from counts
inner join meta.table_counts as before on before."table" = counts."table"
inner join last_good_run on last_good_run.run_id = before.run_id
where counts.row_count * 2 < before.row_count
