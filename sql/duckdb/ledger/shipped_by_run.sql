-- shipped_by_run: how many files each run wrote, and how many bytes
-- grain: run · reads: meta.files · shipped: no
select run_id, count(*) as file_count, coalesce(sum(size_bytes), 0)::bigint as size_bytes
from meta.files
group by run_id
order by run_id
