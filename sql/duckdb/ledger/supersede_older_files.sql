-- supersede_older_files: notes which files no longer matter, because a run shipped every row of their table. ?1: to which state ·
-- ?2: from which states, a JSON array · ?3: now · ?4: a JSON array of table and run
-- grain: none · reads: meta.files · shipped: no
update meta.files
set
    state = ?1,
    updated_at = ?3::timestamp,
    mended_by = if(files.state in ('failed', 'mismatch'), found.replacement.run, mended_by)
from (
    select unnest(json_transform(?4, '[{"table": "VARCHAR", "run": "VARCHAR"}]')) as replacement
) as found
where files."table" = found.replacement."table"
    and files.state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and files.run_id < found.replacement.run
