-- genres: the newest row of each key, of those as new as any of the artist.
-- grain: artist_id, genre · reads: the landing table · used by: setup/300_dynamic_table.sql, compare/*.sql
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
    -- A genre that is gone leaves no row behind, so the run that drops one ships the artist's other genres again.
    and extracted_at = max(extracted_at) over (partition by artist_id)
