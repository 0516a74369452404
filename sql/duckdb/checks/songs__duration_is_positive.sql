-- severity: error
-- why: a song lasts, and not 24 days; zero, less, nothing or more than fits means that the duration was misread
-- table: songs
with offending as (
    select id as song_id, name, duration_ms from staging.unshipped_songs
    where (duration_ms > 0 and duration_ms < 2147483647) is not true and name is distinct from ''
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
