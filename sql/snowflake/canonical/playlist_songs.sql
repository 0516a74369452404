-- playlist_songs: each row's key and business columns as one text each, the same that DuckDB hashes (staging.playlist_songs_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, reconcile/*.sql
select
    concat_ws(chr(31), playlist_id, snapshot_id, to_varchar(position)) as row_key,
    concat_ws(
        chr(31),
        coalesce(playlist_id, '\\N'),
        coalesce(snapshot_id, '\\N'),
        coalesce(to_varchar(position), '\\N'),
        coalesce(song_id, '\\N'),
        coalesce(to_varchar(added_at, 'YYYY-MM-DD"T"HH24:MI:SS'), '\\N'),
        coalesce(added_by, '\\N'),
        coalesce(item_kind, '\\N')
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
