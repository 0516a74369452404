-- note_export: notes that everything unshipped was exported. ?1: now
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set exported_at = ?1::timestamp
where exported_at is null
