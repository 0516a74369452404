-- latest_runs: the latest runs, newest first, while none of them is at work. ?1: how many
-- grain: run · reads: meta.runs, meta.files, meta.reads, meta.table_counts, meta.check_results · shipped: no
with latest as (
    select * from meta.runs order by run_id desc limit ?1
),

proven as (
    select
        run_id,
        count(*) filter (state in ('failed', 'mismatch')) as wrong_file_count,
        -- Where some are wrong now: when those were right, and not when the others were looked at last.
        if(
            wrong_file_count > 0,
            max(verified_at) filter (state in ('failed', 'mismatch')),
            max(verified_at)
        ) as verified_at,
        -- Where a run mended one and somebody in Snowflake another, the run is named: that stays so, whatever is settled later.
        coalesce(max(mended_by) filter (mended_by <> 'snowflake'), max(mended_by)) as mended_by
    from meta.files
    where run_id >= (select min(run_id) from latest)
    group by run_id
),

-- Lists that it looked at; while no report names them, those of which something is landed.
begun as (
    select run_id, count(distinct playlist_id) as playlist_count
    from meta.reads
    where run_id in (select run_id from latest)
    group by run_id
),

shipped as (
    select run_id, sum(changed_row_count)::bigint as row_count
    from meta.table_counts
    where run_id in (select run_id from latest)
    group by run_id
),

warned as (
    select run_id, count(*) as warning_count
    from meta.check_results
    where severity = 'warn' and status = 'fail' and run_id in (select run_id from latest)
    group by run_id
)

select
    run_id,
    source,
    status,
    if(status = 'running', 'stopped', status) as state,
    -- One that had nothing to send and failed for earlier ones' files is `unchanged` once they are mended: it did fail.
    case
        when
            status in ('running', 'pending', 'failed')
            or (status = 'unchanged' and (report ->> 'status') = 'failed')
            then report ->> 'error'
    end as error,
    stage,
    started_at,
    finished_at,
    coalesce(proven.wrong_file_count, 0) as wrong_file_count,
    proven.verified_at,
    -- Without files of its own that are wrong, it was mended by the next run of the same source that ended well.
    coalesce(proven.mended_by, if(
        status = 'failed' and coalesce(proven.wrong_file_count, 0) = 0,
        (
            select min(later.run_id)
            from meta.runs as later
            where later.source = latest.source
                and later.run_id > latest.run_id
                and later.status in ('exported', 'uploaded', 'ingested', 'verified', 'unchanged')
        ),
        null
    )) as mended_by,
    put_off,
    put_off_until,
    coalesce(round_count, 1) as round_count,
    quiet_since,
    -- What was wrong, without what was to be done about it.
    if(
        status = 'unchanged' or (status = 'failed' and (report ->> '$.verification.verdict') in ('failed', 'mismatch')),
        json_extract_string(report, '$.verification.reason'),
        null
    ) as failure,
    -- Who went on with a run whose files stood already asked the source nothing, and its report has no lists.
    coalesce(
        nullif(json_array_length(report -> '$.playlists'), 0), begun.playlist_count, json_array_length(report -> '$.playlists')
    ) as playlist_count,
    shipped.row_count,
    (report ->> '$.spotify.call_count')::bigint as call_count,
    warned.warning_count,
    -- It failed, and was verified later: that it did stays known, without what was to be done about it.
    case
        when status in ('verified', 'exported') and (report ->> 'status') = 'failed'
            then if(
                (report ->> '$.verification.verdict') in ('failed', 'mismatch'),
                report ->> '$.verification.reason',
                report ->> 'error'
            )
    end as failed_with
from latest
left join proven using (run_id)
left join begun using (run_id)
left join shipped using (run_id)
left join warned using (run_id)
order by run_id desc
