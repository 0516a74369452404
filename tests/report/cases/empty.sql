-- One list, without a song.
delete from core.songs;
delete from core.artists;
delete from core.albums;
delete from core.song_artists;
delete from core.genres;
delete from core.song_observations;
delete from core.playlist_songs;
delete from core.playlists where name <> 'someday';
delete from operations.runs;
delete from operations.files;
delete from operations.checks;
delete from operations.freshness;
