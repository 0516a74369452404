-- begin_rewrite: notes a run whose files take the place of earlier ones. ?1: run · ?2: now · ?3: status
-- grain: none · reads: nothing · shipped: no
insert into meta.runs by name
select
    ?1 as run_id,
    'forget' as source,
    ?2::timestamp as started_at,
    ?3 as status,
    'export' as stage,
    ?2::timestamp as fetched_at,
    ?2::timestamp as exported_at,
    true as is_rewrite
