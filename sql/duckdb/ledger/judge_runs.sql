-- judge_runs: what the files make of their runs, whoever settled that
-- grain: none · reads: meta.files, meta.runs · shipped: no
-- One with a wrong file has failed.
update meta.runs
set status = 'failed'
where status in ('verified', 'running', 'pending') and run_id in (
    select run_id
    from meta.files
    group by run_id
    having bool_or(state in ('failed', 'mismatch'))
        and bool_and(state in ('failed', 'mismatch', 'verified', 'superseded'))
);

-- One is verified where it and all before it arrived. What failed and was mended by another run stays what it was.
update meta.runs
set status = 'verified'
where exported_at is not null
    and status <> 'verified'
    and run_id in (
        select run_id from meta.files group by run_id having count(mended_by) = 0
    )
    and run_id < coalesce(
        (select min(run_id) from meta.files where state not in ('verified', 'superseded')), '~'
    );

-- One that had nothing to send was held to what earlier ones had sent.
update meta.runs
set status = 'unchanged'
where exported_at is not null
    and status in ('failed', 'pending')
    and run_id not in (select run_id from meta.files)
    and run_id < coalesce(
        (select min(run_id) from meta.files where state not in ('verified', 'superseded')), '~'
    );
