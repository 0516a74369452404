-- severity: warn
-- why: the artist in place 0 is the one that songs.artist_ids names; each song has exactly one
-- row: song `<name>` with <row_count> artists in place 0, where <artist_ids> is named
-- table: song_artists
with primary_artists as (
    select song_id, count(*) as row_count, any_value(artist_id) as artist_id
    from core.song_artists
    where artist_position = 0 and song_id in (select id from staging.unshipped_songs)
    group by song_id
)

select songs.id as song_id, songs.name, songs.artist_ids, primary_artists.artist_id, primary_artists.row_count
from staging.unshipped_songs as songs
left join primary_artists on primary_artists.song_id = songs.id
where primary_artists.row_count is distinct from 1
    or primary_artists.artist_id is distinct from songs.artist_ids
