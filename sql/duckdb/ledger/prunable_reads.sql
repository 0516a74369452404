-- prunable_reads: reads that nothing needs any more, into a temporary table. ?1: older than this · ?2: the runs whose archives are where
-- they belong, a JSON array
-- grain: read · reads: meta.reads, raw.documents · shipped: no
create or replace temp table prunable_reads as
select read_id
from meta.reads
where transformed_in is not null
    and coalesce(finished_at, started_at) < ?1::timestamp
    and run_id in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and read_id in (select read_id from raw.documents)
    -- The next read of a list is compared with the newest.
    and read_id not in (
        select max(read_id) from meta.reads group by entity, playlist_id
        union
        select max(read_id) from meta.reads where status = 'complete' group by entity, playlist_id
    )
