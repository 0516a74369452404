-- prunable_size: the documents of prunable reads, and the share of all landed text that theirs is
-- grain: one row · reads: prunable_reads, raw · shipped: no
with documents as (
    select document_id, length(envelope) as size, read_id in (select read_id from prunable_reads) as is_prunable
    from raw.documents
),

rows as (
    select rows.item_id, length(rows.row_json) as size, documents.is_prunable
    from raw.rows as rows
    inner join documents using (document_id)
),

items as (
    select length(items.item_json) as size, uses.is_prunable
    from raw.items as items
    inner join (
        select item_id, bool_and(is_prunable) as is_prunable from rows where item_id is not null group by item_id
    ) as uses using (item_id)
),

texts as (
    select size, is_prunable from documents
    union all
    select size, is_prunable from rows
    union all
    select size, is_prunable from items
)

select
    (select count(*) from documents where is_prunable) as document_count,
    coalesce(sum(size) filter (is_prunable) / greatest(sum(size), 1), 0)::double as share
from texts
