-- begin_read: notes that a read begins. ?1: read · ?2: run · ?3: entity · ?4: playlist or NULL · ?5: now
-- grain: none · reads: nothing · shipped: no
insert into meta.reads by name
select
    ?1 as read_id,
    ?2 as run_id,
    ?3 as entity,
    ?4 as playlist_id,
    'reading' as status,
    ?5::timestamp as started_at
