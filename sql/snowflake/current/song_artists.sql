-- song_artists: the newest row of each key, but none older than its song's newest position 0.
-- grain: song_id, artist_position · reads: the landing table · used by: setup/300_dynamic_table.sql, compare/*.sql
-- A template of this table alone, instead of each_table.sql
-- refresh: incremental
select
    {columns}, run_id, extracted_at, row_hash,
    _file_name, _file_row_number, _loaded_at
from {database}.{schema}.{table}
qualify
    row_number() over (
        partition by {key}
        order by extracted_at desc, _loaded_at desc, _file_name desc, _file_row_number desc
    ) = 1
    -- A place that is gone leaves no row behind, so the run that drops one ships the song's other places again.
    and extracted_at >= coalesce(
        max(case when artist_position = 0 then extracted_at end) over (partition by song_id), extracted_at
    )
