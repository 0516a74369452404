-- songs: the rows of a table or of files, and what becomes of each.
-- grain: that of {source} · reads: {source}, theirs, moved_songs · shipped: no · guarded by: tests/suite/forget.rs
-- gone: id song
-- When a song was first added is told by the lists that stay.
with seen as (
    select
        stored.* replace (if(moved.song_id is not null, moved.added_at, stored.added_at) as added_at),
        stored.row_hash as former_hash,
        coalesce(stored.id in (select value from theirs where kind = 'song'), false) as is_gone,
        moved.song_id is not null as is_changed
    from {source} as stored
    left join moved_songs as moved
        on moved.song_id = stored.id
        and (moved.added_at is null or stored.added_at < moved.added_at)
        and stored.added_at is not null
)

select
    {columns}, run_id, extracted_at,
    if(is_changed, staging.{table}_hash({columns}), former_hash) as row_hash,
    is_gone,
    is_changed
from seen
