-- note_origins: notes where the rows of rewritten files come from. ?1: the run · ?2: `run time` of each, a JSON array
-- grain: none · reads: nothing · shipped: no
insert into meta.rewritten_origins by name
select ?1 as run_id, unnest(json_transform(?2, '["VARCHAR"]')) as origin
