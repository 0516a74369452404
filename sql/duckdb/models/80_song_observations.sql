-- song_observations: popularity and spread of each song that this run read, per day; the day's last run wins.
-- grain: song_id, observed_on · reads: next_songs, newest_songs, next_song_spread, raw.documents, meta.runs · shipped: yes
-- guarded by: song_observations__key_is_unique, song_observations__song_exists
create or replace temp table next_song_observations as
with recorded_days as (
    -- Demo and recordings are of the day on which they were made.
    select documents.document_id, documents.fetched_at::date as observed_on
    from raw.documents as documents
    inner join meta.runs as runs using (run_id)
    where documents.read_id in (select read_id from consumed_reads)
        and (runs.source = 'demo' or starts_with(runs.source, 'from-dir '))
),

observations as (
    select
        songs.id as song_id,
        coalesce(days.observed_on, getvariable('extracted_at')::timestamp::date) as observed_on,
        songs.popularity,
        spread.playlist_count
    from next_songs as songs
    inner join newest_songs as newest using (id)
    left join recorded_days as days on days.document_id = newest.ordinal // 16777216
    left join next_song_spread as spread on spread.song_id = songs.id
)

select *, staging.song_observations_hash(song_id, observed_on, popularity, playlist_count) as row_hash
from observations;
