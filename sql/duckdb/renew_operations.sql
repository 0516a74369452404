-- renew_operations: brings `operations` of the attached published file to what the ledger says now, all runs of it.
-- grain: that of operations.sql · reads: meta.runs, meta.files, meta.check_results, meta.reads, meta.looks, meta.snapshots,
-- published.core.playlists · shipped: no · guarded by: tests/suite/warehouse/operations.rs
-- What did not change is not written: a quiet night adds a run, and the file does not grow by its history.

-- The ledger calls `running` what the same command continues; its report says how that run ended.
create or replace temp table operation_runs as
select
    run_id,
    if(status = 'running', coalesce(report ->> 'status', status), status) as status,
    started_at,
    finished_at
from meta.runs;

create or replace temp table stale_runs as
select distinct run_id
from (
    (from operation_runs except from published.operations.runs)
    union all
    (from published.operations.runs except from operation_runs)
);

delete from published.operations.runs
where run_id in (select run_id from stale_runs);

insert into published.operations.runs by name
from operation_runs
where run_id in (select run_id from stale_runs);

delete from published.operations.checks
where run_id in (select run_id from stale_runs);

insert into published.operations.checks by name
select run_id, "check", severity, status, offending_row_count
from meta.check_results
where run_id in (select run_id from stale_runs);

-- As reports say it: between the note before a submission and the one after it, nobody knows. What is erased is nowhere.
create or replace temp table operation_files as
select run_id, "table", key, row_count, sha256, if(state = 'submitting', 'uploaded', state) as state
from meta.files
where erased_at is null;

create or replace temp table stale_files as
select distinct key
from (
    (from operation_files except from published.operations.files)
    union all
    (from published.operations.files except from operation_files)
);

delete from published.operations.files
where key in (select key from stale_files);

insert into published.operations.files by name
from operation_files
where key in (select key from stale_files);

delete from published.operations.freshness;

insert into published.operations.freshness by name
with looks as (
    select playlist_id, max(looked_at) as looked_at, arg_max(run_id, looked_at) as run_id
    from (
        select playlist_id, run_id, looked_at from meta.looks
        union all
        -- What an earlier version read, and what a run read that was cut off.
        select playlist_id, run_id, finished_at
        from meta.reads
        where playlist_id is not null and status in ('complete', 'partial', 'metadata_only')
    )
    group by playlist_id
),

-- The run that first read the snapshot that is current, and the one that read it last.
readings as (
    select
        snapshots.playlist_id,
        min(runs.started_at) as changed_at,
        arg_max(runs.exported_at, snapshots.read_id) as exported_at
    from meta.snapshots as snapshots
    inner join published.core.playlists as playlists
        on playlists.id = snapshots.playlist_id and playlists.snapshot_id = snapshots.snapshot_id
    inner join meta.runs as runs on runs.run_id = snapshots.run_id
    group by snapshots.playlist_id
),

-- Runs that were exported together share their files.
proofs as (
    select
        runs.exported_at,
        if(
            bool_and(files.state in ('verified', 'superseded')),
            max(files.verified_at) filter (files.state = 'verified'), null
        ) as proof_at
    from meta.runs as runs
    inner join meta.files as files using (run_id)
    where files."table" = 'playlist_songs'
    group by runs.exported_at
),

playlists as (
    select
        playlists.id as subject,
        playlists.name,
        looks.run_id as last_run_id,
        runs.started_at as last_run_at,
        proofs.proof_at as last_proof_at,
        looks.looked_at as last_looked_at,
        readings.changed_at as last_changed_at
    from published.core.playlists as playlists
    left join looks on looks.playlist_id = playlists.id
    left join meta.runs as runs on runs.run_id = looks.run_id
    left join readings on readings.playlist_id = playlists.id
    left join proofs on proofs.exported_at = readings.exported_at
)

from playlists
union all by name
select
    'everything' as subject,
    'Everything' as name,
    max(run_id) as last_run_id,
    max_by(started_at, run_id) as last_run_at,
    -- A verification that did not end whole proves nothing of everything.
    coalesce(
        (select (value ->> 'at')::timestamp from meta.settings where name = 'last_proof'),
        (select max(verified_at) from meta.files)
    ) as last_proof_at,
    (select max(last_looked_at) from playlists) as last_looked_at,
    (select max(last_changed_at) from playlists) as last_changed_at
from meta.runs;
