-- archived_runs: the runs whose raw documents an archive holds and whose files have all arrived. ?1: older than this · ?2: the states in
-- which a file has, a JSON array
-- grain: run · reads: meta.runs, meta.files · shipped: no
select run_id, archive_key
from meta.runs
where archive_sha256 is not null
    and exported_at < ?1::timestamp
    and run_id not in (
        select run_id from meta.files
        where state not in (select unnest(json_transform(?2, '["VARCHAR"]')))
    )
order by run_id
