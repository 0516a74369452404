-- lists: the lists of an id or a name, and how many songs each has. ?1: the id or name
-- grain: list · reads: core.playlists, core.playlist_songs of the published file · shipped: no
select playlists.id, any_value(playlists.name) as name, count(distinct songs.id) as song_count
from core.playlists as playlists
left join core.playlist_songs as rows
    on rows.playlist_id = playlists.id and rows.snapshot_id = playlists.snapshot_id
left join core.songs as songs on songs.id = rows.song_id
where playlists.id = ?1 or playlists.name = ?1
group by playlists.id
-- An id is one list, whatever another is called.
order by playlists.id = ?1 desc, playlists.id
