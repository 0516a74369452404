-- row_count_of_runs: how many current rows of a table some runs wrote. ?1: the runs, a JSON array
-- grain: one row · reads: core.{table} · shipped: no
select count(*) as row_count
from core.{table}
where run_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
