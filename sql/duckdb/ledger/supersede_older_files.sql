-- supersede_older_files: notes which files no longer matter, because a run shipped every row of their table. ?1: now · ?2: a JSON array of
-- table and run
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = 'superseded', updated_at = ?1::timestamp
from (
    select unnest(json_transform(?2, '[{"table": "VARCHAR", "run": "VARCHAR"}]')) as replacement
) as found
where files."table" = found.replacement."table"
    and files.state in ('failed', 'mismatch', 'accepted', 'submitting')
    and files.run_id < found.replacement.run
