-- playlists: each row's key and business columns as one text each, the same that DuckDB hashes (staging.playlists_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, reconcile/*.sql
select
    id as row_key,
    concat_ws(
        chr(31),
        coalesce(id, '\\N'),
        coalesce(name, '\\N'),
        coalesce(owner_id, '\\N'),
        coalesce(to_varchar(is_public), '\\N'),
        coalesce(to_varchar(is_collaborative), '\\N'),
        coalesce(snapshot_id, '\\N'),
        coalesce(to_varchar(item_count), '\\N'),
        coalesce(url, '\\N')
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
