-- operations: the tables of the published file that say how its rows came there, empty.
-- grain: run · file · run and check · playlist, and one row for everything · reads: nothing (renew_operations.sql writes)
-- shipped: no · guarded by: tests/suite/warehouse/operations.rs
create schema if not exists published.operations;

create table if not exists published.operations.runs (
    run_id      varchar,
    status      varchar,
    started_at  timestamp,
    finished_at timestamp
);

create table if not exists published.operations.files (
    run_id    varchar,
    "table"   varchar,
    key       varchar,
    row_count bigint,
    sha256    varchar,
    state     varchar
);

create table if not exists published.operations.checks (
    run_id              varchar,
    "check"             varchar,
    severity            varchar,
    status              varchar,
    offending_row_count bigint
);

create table if not exists published.operations.freshness (
    subject         varchar,
    name            varchar,
    last_run_id     varchar,
    last_run_at     timestamp,
    last_proof_at   timestamp,
    last_looked_at  timestamp,
    last_changed_at timestamp
);
