-- canonical: each current row's key and business columns as one text each, the twin of sql/snowflake/canonical.
-- grain: that of the table · reads: core, meta.unshipped_runs · shipped: no · guarded by: *__row_hash_is_right

create or replace view staging.canonical_albums as
select
    id as row_key,
    staging.albums_text(id, name, release_date, total_tracks, url) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.albums;

create or replace view staging.canonical_artists as
select
    id as row_key,
    staging.artists_text(id, name, url) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.artists;

create or replace view staging.canonical_songs as
select
    id as row_key,
    staging.songs_text(id, name, added_at, duration_ms, popularity, url, album_id, artist_ids) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.songs;

create or replace view staging.canonical_song_artists as
select
    concat_ws(chr(31), song_id, artist_position::varchar) as row_key,
    staging.song_artists_text(song_id, artist_position, artist_id) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.song_artists;

create or replace view staging.canonical_playlists as
select
    id as row_key,
    staging.playlists_text(id, name, owner_id, is_public, is_collaborative, snapshot_id, item_count, url) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.playlists;

create or replace view staging.canonical_playlist_songs as
select
    concat_ws(chr(31), playlist_id, snapshot_id, position::varchar) as row_key,
    staging.playlist_songs_text(playlist_id, snapshot_id, position, song_id, added_at, added_by, item_kind) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.playlist_songs;

create or replace view staging.canonical_song_observations as
select
    concat_ws(chr(31), song_id, observed_on::varchar) as row_key,
    staging.song_observations_text(song_id, observed_on, popularity, playlist_count) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.song_observations;

create or replace view staging.canonical_genres as
select
    concat_ws(chr(31), artist_id, genre) as row_key,
    staging.genres_text(artist_id, genre) as content,
    run_id, extracted_at, run_id in (select run_id from meta.unshipped_runs) as is_unshipped
from core.genres;
