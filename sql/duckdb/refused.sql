-- refused: the findings of the run that the quality gate refused, in a file of their own.
-- grain: check · reads: nothing · shipped: no · guarded by: refused.rs, which alone writes it
create table refused.checks (
    run_id              varchar,
    "check"             varchar, -- also the name of the table that has its rows
    severity            varchar, -- error | warn
    offending_row_count bigint,
    why                 varchar
);
