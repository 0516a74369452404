-- pending_rows: every row of the pending reads, parsed once; all song models start here.
-- grain: document_id, position · reads: staging.playlist_rows · shipped: no · guarded by: playlist_songs__row_is_readable
create or replace temp table pending_rows as
select * from staging.playlist_rows;
