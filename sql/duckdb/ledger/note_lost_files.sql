-- note_lost_files: notes that files cannot reach the bucket. ?1: now · ?2: a JSON array of key and reason
-- grain: none · reads: meta.files · shipped: no
update meta.files
set lost_at = ?1::timestamp, reason = found.stuck.reason
from (
    select unnest(json_transform(?2, '[{"key": "VARCHAR", "reason": "VARCHAR"}]')) as stuck
) as found
where files.key = found.stuck.key
