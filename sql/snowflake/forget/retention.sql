-- retention: how long each landing table keeps what was deleted (Time Travel); the fail-safe of seven days follows.
-- grain: table · reads: nothing
show tables in schema {database}.{schema};
