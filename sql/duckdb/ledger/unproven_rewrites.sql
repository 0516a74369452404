-- unproven_rewrites: the runs of which a file took another's place and has not arrived. ?1: the states in which one has, a JSON array
-- grain: run · reads: meta.files, meta.runs · shipped: no
select distinct run_id
from meta.files
inner join meta.runs using (run_id)
where is_rewrite
    and erased_at is null
    and forgotten_at is null
    and state not in (select unnest(json_transform(?1, '["VARCHAR"]')))
order by run_id
