-- replace_stream: notes which stream is sent rows from now on. ?1: the stream, ?2: its address, ?3: now
-- grain: none · reads: nothing · shipped: no
insert into meta.streams by name
select ?1 as stream, ?2 as address, ?3::timestamp as begun_at, null::varchar as replaying
