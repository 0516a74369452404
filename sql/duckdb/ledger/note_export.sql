-- note_export: notes which runs were exported: all that were not. ?1: now
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set exported_at = ?1::timestamp
where exported_at is null
