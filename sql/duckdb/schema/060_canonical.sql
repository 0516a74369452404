-- canonical: each current row's key and business columns as one text each, the twin of sql/snowflake/canonical.
-- grain: that of the table · reads: core, meta.pending_runs · shipped: no · guarded by: *__row_hash_is_right

-- each table
create or replace view staging.canonical_{table} as
select
    concat_ws(chr(31), {key}) as row_key,
    staging.{table}_text({columns}) as content,
    run_id, extracted_at,
    run_id in (select run_id from meta.pending_runs where consumer = '{lake}') as is_unshipped
from core.{table};
-- end
