-- begin_found: begins to take what is read back of a stream
-- grain: event · reads: nothing · shipped: no
create or replace temp table found_events (
    batch         bigint,
    event_id      varchar,
    key_json      varchar,
    value_json    varchar,
    stated_hash   ubigint,
    is_delete     boolean,
    is_told_right boolean
);
