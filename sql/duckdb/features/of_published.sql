-- of_published: what is said of each table of features in the file in use; no row where it has none.
-- grain: table · reads: the catalogue · shipped: no
select comment
from duckdb_tables()
where database_name = current_database() and schema_name = 'features'
