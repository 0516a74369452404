-- song_observations: each row's key and business columns as one text each, the same that DuckDB hashes (staging.song_observations_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, reconcile/*.sql
select
    concat_ws(chr(31), song_id, to_varchar(observed_on, 'YYYY-MM-DD')) as row_key,
    concat_ws(
        chr(31),
        coalesce(song_id, '\\N'),
        coalesce(to_varchar(observed_on, 'YYYY-MM-DD'), '\\N'),
        coalesce(to_varchar(popularity), '\\N'),
        coalesce(to_varchar(playlist_count), '\\N')
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
