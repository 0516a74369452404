-- songs: each row's key and business columns as one text each, the same that DuckDB hashes (staging.songs_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, reconcile/*.sql
select
    id as row_key,
    concat_ws(
        chr(31),
        coalesce(id, '\\N'),
        coalesce(name, '\\N'),
        coalesce(to_varchar(added_at, 'YYYY-MM-DD"T"HH24:MI:SS'), '\\N'),
        coalesce(to_varchar(duration_ms), '\\N'),
        coalesce(to_varchar(popularity), '\\N'),
        coalesce(url, '\\N'),
        coalesce(album_id, '\\N'),
        coalesce(artist_ids, '\\N')
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
