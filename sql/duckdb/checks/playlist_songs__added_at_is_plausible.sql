-- severity: warn
-- why: Spotify opened in 2006 and nobody adds songs tomorrow; another time is a misread or foreign clock
-- row: song added at <added_at>
-- table: playlist_songs
select playlist_id, position, song_id, added_at
from staging.unshipped_playlist_songs
where added_at < timestamp '2006-01-01'
    or added_at > getvariable('extracted_at')::timestamp + interval 1 day
