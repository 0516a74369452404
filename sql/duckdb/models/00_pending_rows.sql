-- pending_rows: every row of the pending reads, parsed once; all song models start here.
-- grain: document_id, position · reads: staging.playlist_rows · shipped: no · guarded by: playlist_songs__row_is_readable

-- The reads that this transform takes in, whatever is landed while it works.
create or replace temp table consumed_reads as
select read_id from staging.pending_reads;

create or replace temp table pending_rows as
select * from staging.playlist_rows;
