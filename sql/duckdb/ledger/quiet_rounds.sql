-- quiet_rounds: runs without news whose place a later one of the same stretch and source takes, into a temporary table: nothing else of the
-- ledger names them. ?1: older than this
-- grain: run · reads: meta · shipped: no · guarded by: tests/suite/run/watch.rs
create or replace temp table quiet_rounds as
with stretches as (
    -- A run that is anything else ends a stretch.
    select
        run_id,
        source,
        status,
        finished_at,
        count(*) filter (status is distinct from 'unchanged') over (order by run_id) as stretch
    from meta.runs
),

followed as (
    select run_id, max(run_id) over (partition by source, stretch) as into_run_id
    from stretches
    where status = 'unchanged' and finished_at < ?1::timestamp
),

named as (
    select run_id from meta.files
    union all
    select run_id from meta.looks
    union all
    select run_id from meta.snapshots
    union all
    select run_id from meta.details
    union all
    -- Of a run that changed no row nobody else lacks anything: the published file does not even look, nor a stream that is there no more.
    select run_id from meta.pending_runs where consumer = '{lake}'
    union all
    select run_id from meta.pending_gone_rows
    union all
    select run_id from meta.stream_batches
    union all
    select run_id from meta.stream_gone
    union all
    select run_id from meta.rewritten_origins
    union all
    select run_id from meta.table_counts where changed_row_count > 0
    union all
    select transformed_in from meta.reads where run_id is distinct from transformed_in
    union all
    -- The list of playlists is asked for by each run, and the newest is enough.
    select run_id
    from meta.reads
    where entity <> 'my_playlists' or read_id in (
        select max(read_id) from meta.reads group by entity
        union
        select max(read_id) from meta.reads where status = 'complete' group by entity
    )
    union all
    select min(run_id) from meta.runs
    union all
    -- Runs that were exported together share what they shipped.
    select unnest(list(run_id)) from meta.runs group by exported_at having count(*) > 1
)

select
    followed.run_id,
    followed.into_run_id,
    coalesce(runs.round_count, 1) as round_count,
    coalesce(runs.quiet_since, runs.started_at) as quiet_since
from followed
inner join meta.runs as runs using (run_id)
anti join named using (run_id)
where followed.run_id <> followed.into_run_id
    and runs.exported_at is not null
    and runs.manifest_key is null
    and runs.archive_key is null
    and runs.is_rewrite is not true
    and coalesce(runs.unread_count, 0) = 0
    -- One that failed is kept, whatever became of it.
    and (runs.report ->> 'status') in ('unchanged', 'pending')
