-- genres: the rows of a table or of files, and what becomes of each.
-- grain: that of {source} · reads: {source}, theirs · shipped: no · guarded by: tests/suite/forget.rs
-- gone: artist_id artist
select
    {columns}, run_id, extracted_at, row_hash,
    coalesce(artist_id in (select value from theirs where kind = 'artist'), false) as is_gone,
    false as is_changed
from {source}
