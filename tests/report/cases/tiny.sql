-- One list with one song.
delete from core.playlists where id <> 'liked';
delete from core.playlist_songs where playlist_id <> 'liked' or position > 0;
delete from core.playlist_songs
where snapshot_id not in (select snapshot_id from core.playlists);
delete from core.songs where id not in (select song_id from core.playlist_songs);
delete from core.song_artists where song_id not in (select id from core.songs);
delete from core.song_observations where song_id not in (select id from core.songs);
delete from core.artists where id not in (select artist_id from core.song_artists);
delete from core.genres;
