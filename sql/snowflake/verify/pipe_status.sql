-- pipe_status: one JSON text; asking also makes Snowflake look again at a stage that it was not allowed to read.
-- grain: one row · reads: nothing
select system$pipe_status('{database}.{schema}.{pipe}') as pipe_status;
