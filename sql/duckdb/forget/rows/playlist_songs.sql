-- playlist_songs: the rows of a table or of files, and what becomes of each.
-- grain: that of {source} · reads: {source}, theirs · shipped: no · guarded by: tests/suite/forget.rs
-- gone: playlist_id playlist
-- nulled: added_by user
with seen as (
    select
        stored.* replace (
            if(stored.added_by in (select value from theirs where kind = 'user'), null, stored.added_by) as added_by
        ),
        stored.row_hash as former_hash,
        coalesce(stored.playlist_id in (select value from theirs where kind = 'playlist'), false) as is_gone,
        coalesce(stored.added_by in (select value from theirs where kind = 'user'), false) as is_changed
    from {source} as stored
)

select
    {columns}, run_id, extracted_at,
    if(is_changed, staging.{table}_hash({columns}), former_hash) as row_hash,
    is_gone,
    is_changed
from seen
