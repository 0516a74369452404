-- albums: the rows of a table or of files, and what becomes of each.
-- grain: that of {source} · reads: {source}, theirs · shipped: no · guarded by: tests/suite/forget.rs
-- gone: id album
select
    {columns}, run_id, extracted_at, row_hash,
    coalesce(id in (select value from theirs where kind = 'album'), false) as is_gone,
    false as is_changed
from {source}
