-- song_artists: each row's key and business columns as one text each, the same that DuckDB hashes (staging.song_artists_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, reconcile/*.sql
select
    concat_ws(chr(31), song_id, to_varchar(artist_position)) as row_key,
    concat_ws(
        chr(31),
        coalesce(song_id, '\\N'),
        coalesce(to_varchar(artist_position), '\\N'),
        coalesce(artist_id, '\\N')
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
