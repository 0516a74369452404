-- severity: error
-- why: a song whose artist is missing loses its row in every join
-- table: songs
with offending as (
    select songs.id as song_id, songs.name, songs.artist_ids
    from staging.unshipped_songs as songs
    anti join core.artists as artists on artists.id = songs.artist_ids
    where songs.artist_ids is not null
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
