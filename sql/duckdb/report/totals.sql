-- totals: the figures above everything else.
select
    (select count(*) from marts.playlist_overview) as playlist_count,
    (select count(distinct song_id) from marts.playlist_songs_current) as song_count,
    (select count(*) from core.songs) as known_song_count,
    (select count(distinct artist_id) from marts.playlist_songs_current) as artist_count,
    (select coalesce(sum(row_count), 0)::bigint from marts.playlist_overview) as row_count,
    (select coalesce(sum(song_duration_ms), 0)::bigint from marts.playlist_overview) as duration_ms
