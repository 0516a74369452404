-- Not even a list.
delete from core.songs;
delete from core.artists;
delete from core.albums;
delete from core.song_artists;
delete from core.genres;
delete from core.song_observations;
delete from core.playlist_songs;
delete from core.playlists;
delete from operations.freshness where subject <> 'everything';
