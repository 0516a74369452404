-- severity: error
-- why: a gap in the positions of a fully read playlist is a row that was lost or a page read twice
-- row: <row_count> rows from <first_position> to <last_position>
-- table: playlist_songs
select playlist_id, first_position as position, snapshot_id, row_count, first_position, last_position
from staging.snapshot_counts
where status = 'complete'
    and row_count > 0
    and (first_position <> 0 or last_position <> row_count - 1)
