-- As of an app that Spotify gives neither popularity nor genres, nor dates, nor who added.
update core.songs set popularity = null;
update core.song_observations set popularity = null;
update core.albums set release_date = null;
update core.playlist_songs set added_at = null, added_by = null;
delete from core.genres;
