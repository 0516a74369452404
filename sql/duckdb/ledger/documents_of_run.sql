-- documents_of_run: the landed documents that a run is archived from, a batch of them. ?1: the run · ?2: behind which · ?3: how many
-- grain: document · reads: raw.documents, meta.reads · shipped: no
select
    document_id,
    read_id,
    page_offset,
    url,
    fetched_at,
    envelope,
    rows_at,
    row_count,
    row_gaps
from raw.documents
where (run_id = ?1 or read_id in (select read_id from meta.reads where run_id = ?1))
    and document_id > ?2
    and read_id not in (select read_id from meta.reads where status = 'torn')
order by document_id
limit ?3
