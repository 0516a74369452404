-- song_artists: the rows of a table or of files, and what becomes of each.
-- grain: that of {source} · reads: {source}, theirs · shipped: no · guarded by: tests/suite/forget.rs
-- gone: song_id song
select
    {columns}, run_id, extracted_at, row_hash,
    coalesce(song_id in (select value from theirs where kind = 'song'), false) as is_gone,
    false as is_changed
from {source}
