-- last_proof: what the last verification that ended whole was about, the latest of its runs, and when that was; in the ledger of an
-- earlier version, which notes no such end, the file that was last proven
-- grain: one row or none · reads: meta.settings, meta.files · shipped: no
with noted as (
    select value ->> 'run' as run_id, (value ->> 'at')::timestamp as verified_at
    from meta.settings
    where name = 'last_proof'
)

select * from noted
union all
(
    select run_id, verified_at
    from meta.files
    where verified_at is not null and not exists (select 1 from noted)
    order by verified_at desc, run_id desc
    limit 1
)
