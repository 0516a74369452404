-- severity: warn
-- why: Spotify opened in 2006 and nobody adds songs tomorrow; another time is a misread or foreign clock
-- table: songs
with offending as (
    select id as song_id, name, added_at from staging.unshipped_songs
    where added_at < timestamp '2006-01-01'
        or added_at > getvariable('extracted_at')::timestamp + interval 1 day
),

-- One place where a person finds the song; looked up for offending songs only.
places as (
    select song_id, arg_min(struct_pack(playlist_id, position), (playlist_id, position)) as place
    from core.playlist_songs
    where song_id in (select song_id from offending)
    group by song_id
)

select places.place.playlist_id, places.place.position, offending.*
from offending
left join places using (song_id)
