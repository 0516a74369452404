-- playlist_songs: the newest row of each key.
-- grain: playlist_id, snapshot_id, position · reads: the landing table · used by: setup/300_dynamic_table.sql, reconcile/*.sql
-- refresh: incremental
select
    playlist_id, snapshot_id, position, song_id, added_at, added_by, item_kind, run_id, extracted_at, row_hash,
    _file_name, _file_row_number, _loaded_at
from {database}.{schema}.playlist_songs
qualify
    row_number() over (
        partition by playlist_id, snapshot_id, position
        order by extracted_at desc, _loaded_at desc, _file_name desc, _file_row_number desc
    ) = 1
