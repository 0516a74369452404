-- earlier_failures: rows that checks found in the runs before, of fifty runs at most. ?1: the checks, a JSON array · ?2: the run
-- grain: row that a check found · reads: meta.check_failures, meta.runs · shipped: no
select "check", failure
from meta.check_failures
where "check" in (select unnest(json_transform(?1, '["VARCHAR"]')))
    and run_id in (select run_id from meta.runs where run_id < ?2 order by run_id desc limit 50)
