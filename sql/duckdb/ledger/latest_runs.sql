-- latest_runs: the latest runs, newest first, while none of them is at work. ?1: how many
-- grain: run · reads: meta.runs, meta.files · shipped: no
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
    proven.mended_by,
    put_off,
    put_off_until,
    coalesce(round_count, 1) as round_count,
    quiet_since,
    -- What was wrong, without what was to be done about it.
    if(status = 'unchanged', json_extract_string(report, '$.verification.reason'), null) as failure
from latest
left join proven using (run_id)
order by run_id desc
