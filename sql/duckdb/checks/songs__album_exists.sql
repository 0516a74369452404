-- severity: error
-- why: a song whose album is missing loses its row in every join
-- table: songs
with offending as (
    select id as song_id, name, album_id from staging.unshipped_songs
    where album_id is not null
        and album_id not in (select id from core.albums where id is not null)
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
