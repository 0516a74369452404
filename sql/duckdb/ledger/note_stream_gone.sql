-- note_stream_gone: keeps the keys of rows that are about to be forgotten, for the tombstones that the stream is due. ?1: the run
-- grain: key · reads: the rows that go · shipped: no
insert into meta.stream_gone by name
select '{table}' as "table", {key_json} as key_json, ?1 as run_id
from (
    {rows}
)
where is_gone
