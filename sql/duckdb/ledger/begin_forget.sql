-- begin_forget: notes that something is to be forgotten, once. ?1: id · ?2: scope · ?3: now
-- grain: none · reads: meta.forgets · shipped: no
insert into meta.forgets by name
select ?1 as forget_id, ?2 as scope, ?3::timestamp as begun_at
where not exists (from meta.forgets where ended_at is null)
