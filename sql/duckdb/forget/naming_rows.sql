-- naming_rows: landed texts that still name an id of theirs, somewhere within what stays
-- grain: text · reads: raw, theirs · shipped: no · guarded by: tests/suite/forget.rs
with words as (
    select
        'rows' as place, document_id as id, position, item_id is not null as is_cut,
        unnest(regexp_extract_all(row_json, '\b[0-9A-Za-z]{22}\b')) as word
    from raw.rows
    union all
    select 'items', item_id, 0, false, unnest(regexp_extract_all(item_json, '\b[0-9A-Za-z]{22}\b'))
    from raw.items
    union all
    select 'documents', document_id, 0, false, unnest(regexp_extract_all(envelope, '\b[0-9A-Za-z]{22}\b'))
    from raw.documents
),

naming as (
    select distinct place, id, position, is_cut
    from words
    where word in (select value from theirs where kind <> 'name')
)

select
    naming.*,
    case place
        when 'rows' then (
            select any_value(row_json) from raw.rows where document_id = naming.id and position = naming.position
        )
        when 'items' then (select any_value(item_json) from raw.items where item_id = naming.id)
        else (select any_value(envelope) from raw.documents where document_id = naming.id)
    end as naming_json
from naming
order by place, id, position
