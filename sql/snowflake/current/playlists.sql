-- playlists: the newest row of each key.
-- grain: id · reads: the landing table · used by: setup/300_dynamic_table.sql, reconcile/*.sql
-- refresh: incremental
select
    id, name, owner_id, is_public, is_collaborative, snapshot_id, item_count, url, run_id, extracted_at, row_hash,
    _file_name, _file_row_number, _loaded_at
from {database}.{schema}.playlists
qualify
    row_number() over (
        partition by id
        order by extracted_at desc, _loaded_at desc, _file_name desc, _file_row_number desc
    ) = 1
