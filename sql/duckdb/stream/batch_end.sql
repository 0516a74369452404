-- batch_end: the last row of the next batch, how many it has, and of how many an earlier version was sent.
-- ?1: the row before it, ?2: how many rows it has at most
-- grain: one row · reads: lacking_{table} · shipped: no
select
    max(stored_rowid) as last_rowid,
    count(*) as row_count,
    count(*) filter (where was_sent) as sent_count
from (
    select stored_rowid, was_sent
    from lacking_{table}
    where stored_rowid > ?1
    order by stored_rowid
    limit ?2
);
