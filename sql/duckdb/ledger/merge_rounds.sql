-- merge_rounds: takes the quiet rounds out of the ledger; the one that takes their place says how many there were, and since when
-- grain: none · reads: quiet_rounds, meta, raw · shipped: no · guarded by: tests/suite/run/watch.rs
update meta.runs as runs
set
    round_count = coalesce(runs.round_count, 1) + merged.round_count,
    quiet_since = least(coalesce(runs.quiet_since, runs.started_at), merged.quiet_since)
from (
    select into_run_id, sum(round_count)::bigint as round_count, min(quiet_since) as quiet_since
    from quiet_rounds
    group by into_run_id
) as merged
where runs.run_id = merged.into_run_id;

create or replace temp table quiet_documents as
select document_id
from raw.documents
where read_id in (
    select read_id from meta.reads where run_id in (select run_id from quiet_rounds)
);

-- A deleted row stays in the file until the whole row group is deleted: by then it has no text.
update raw.rows set row_json = '' where document_id in (select document_id from quiet_documents);

delete from raw.rows
where document_id in (select document_id from quiet_documents);

update raw.documents set envelope = '', url = null, row_gaps = null
where document_id in (select document_id from quiet_documents);

delete from raw.documents
where document_id in (select document_id from quiet_documents);

delete from meta.reads
where run_id in (select run_id from quiet_rounds);

delete from meta.pending_runs
where run_id in (select run_id from quiet_rounds);

delete from meta.check_results
where run_id in (select run_id from quiet_rounds);

update meta.check_failures set failure = null where run_id in (select run_id from quiet_rounds);

delete from meta.check_failures
where run_id in (select run_id from quiet_rounds);

delete from meta.table_counts
where run_id in (select run_id from quiet_rounds);

update meta.runs set report = null where run_id in (select run_id from quiet_rounds);

delete from meta.runs
where run_id in (select run_id from quiet_rounds)
