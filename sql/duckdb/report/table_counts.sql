-- table_counts: rows of each shipped table, and how many of them this run is about to ship.
-- grain: table · reads: core, meta.unshipped_runs · shipped: no · guarded by: tables__row_count_has_not_collapsed
select
    'albums' as "table",
    (select count(*) from core.albums) as row_count,
    (select count(*) from staging.unshipped_albums) as changed_row_count
union all
select 'artists', (select count(*) from core.artists), (select count(*) from staging.unshipped_artists)
union all
select 'songs', (select count(*) from core.songs), (select count(*) from staging.unshipped_songs)
union all
select 'song_artists', (select count(*) from core.song_artists), (select count(*) from staging.unshipped_song_artists)
union all
select 'playlists', (select count(*) from core.playlists), (select count(*) from staging.unshipped_playlists)
union all
select
    'playlist_songs',
    (select count(*) from core.playlist_songs),
    (select count(*) from staging.unshipped_playlist_songs)
union all
select
    'song_observations',
    (select count(*) from core.song_observations),
    (select count(*) from staging.unshipped_song_observations)
union all
select 'genres', (select count(*) from core.genres), (select count(*) from staging.unshipped_genres);
