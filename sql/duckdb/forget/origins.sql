-- origins: where the rows come from that stay in files. A template, for a file of rows/
-- grain: run · reads: a file of rows · shipped: no
select distinct run_id || ' ' || strftime(extracted_at, '%Y-%m-%dT%H:%M:%S.%f') as origin
from (
    {rows}
)
where not is_gone
