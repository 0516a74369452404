-- song_observations: the newest row of each key.
-- grain: song_id, observed_on · reads: the landing table · used by: setup/300_dynamic_table.sql, reconcile/*.sql
-- refresh: incremental
select
    song_id, observed_on, popularity, playlist_count, run_id, extracted_at, row_hash,
    _file_name, _file_row_number, _loaded_at
from {database}.{schema}.song_observations
qualify
    row_number() over (
        partition by song_id, observed_on
        order by extracted_at desc, _loaded_at desc, _file_name desc, _file_row_number desc
    ) = 1
