-- arrived_files: the keys of files that have arrived and changed no more since. ?1: older than this · ?2: the states in which a file has,
-- a JSON array
-- grain: file · reads: meta.files · shipped: no
select key
from meta.files
where state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and state <> 'superseded'
    and updated_at < ?1::timestamp
    and lost_at is null
    and forgotten_at is null
order by run_id, rowid
