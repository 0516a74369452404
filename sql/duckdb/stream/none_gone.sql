-- none_gone: the same where no row of {table} went, and nothing needs to be looked at
-- grain: key · reads: nothing · shipped: no
create or replace temp table gone_from_{table} (
    key_json varchar,
    key_hash ubigint,
    run_id   varchar
);
