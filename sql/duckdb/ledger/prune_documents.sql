-- prune_documents: deletes the documents of prunable reads
-- grain: none · reads: prunable_reads, raw · shipped: no
delete from raw.rows
where document_id in (
    select document_id from raw.documents where read_id in (select read_id from prunable_reads)
);

delete from raw.documents
where read_id in (select read_id from prunable_reads);

insert into meta.pruned_reads
select read_id from prunable_reads;

delete from raw.items
where item_id not in (select item_id from raw.rows where item_id is not null);
