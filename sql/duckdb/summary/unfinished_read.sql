-- unfinished_read: the newest read of a subject, if it did not come to its end, and how far it came.
-- grain: one row or none · reads: meta.reads, raw.documents, raw.rows · shipped: no
-- guarded by: tests/suite/kills.rs, tests/suite/quota.rs
-- parameters: entity; playlist_id or NULL
with newest as (
    select * from meta.reads
    where entity = ?1 and playlist_id is not distinct from ?2 and status <> 'torn'
    order by read_id desc
    limit 1
)

select
    newest.read_id, newest.run_id, newest.snapshot_id, newest.total,
    (
        select coalesce(max(rows.position) + 1, 0)
        from raw.rows as rows
        inner join raw.documents as documents using (document_id)
        where documents.read_id = newest.read_id
    ) as next_offset
from newest
where newest.status = 'reading'
