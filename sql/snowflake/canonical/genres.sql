-- genres: each row's key and business columns as one text each, the same that DuckDB hashes (staging.genres_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, reconcile/*.sql
select
    concat_ws(chr(31), artist_id, genre) as row_key,
    concat_ws(
        chr(31),
        coalesce(artist_id, '\\N'),
        coalesce(genre, '\\N')
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
