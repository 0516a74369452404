-- song_observations: popularity and spread of each song that this run read, per day; the day's last run wins.
-- grain: song_id, observed_on · reads: next_songs, next_song_spread · shipped: yes
-- guarded by: song_observations__key_is_unique, song_observations__song_exists
create or replace temp table next_song_observations as
with observations as (
    select
        songs.id as song_id,
        getvariable('extracted_at')::timestamp::date as observed_on,
        songs.popularity,
        spread.playlist_count
    from next_songs as songs
    left join next_song_spread as spread on spread.song_id = songs.id
)

select *, staging.song_observations_hash(song_id, observed_on, popularity, playlist_count) as row_hash
from observations;
