-- may_be_gone: whether any row of {table} went
-- grain: one row · reads: meta.pending_gone_rows, meta.stream_gone · shipped: no
select
    exists (select 1 from meta.pending_gone_rows where consumer = '{stream}' and "table" = '{table}')
    or exists (select 1 from meta.stream_gone where "table" = '{table}') as may_be_gone;
