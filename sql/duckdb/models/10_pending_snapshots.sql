-- pending_snapshots: which snapshot each pending read gave.
-- grain: read_id · reads: staging.pending_reads, pending_rows · shipped: no · guarded by: playlist_songs__no_row_is_lost
create or replace temp table pending_snapshots as
with contents as (
    select * from staging.pending_reads
    where entity in ('playlist', 'liked_songs') and status in ('complete', 'partial')
),

-- Liked songs and lone pages have no snapshot_id: their contents identify them,
-- so that reading the same list again finds the same rows again.
computed as (
    select
        read_id,
        md5(string_agg(identity_text, chr(10) order by position)) as digest
    from pending_rows
    where identity_text is not null
    group by read_id
)

select
    contents.read_id,
    contents.playlist_id,
    coalesce(
        nullif(contents.snapshot_id, ''),
        case contents.entity when 'liked_songs' then 'liked-' else 'pages-' end || coalesce(computed.digest, md5(''))
    ) as snapshot_id,
    contents.total
from contents
left join computed using (read_id);
