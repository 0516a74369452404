-- text_columns: the columns of text that a table ships
-- grain: column · reads: staging.unshipped_{table} · shipped: no
select column_name
from (describe staging.unshipped_{table}) -- noqa: PRS
where column_type = 'VARCHAR'
