-- unsettle_files: notes that a table lacks rows which stand only in files that were settled, also where that was noted before.
-- ?1: to which state · ?2: from which states, a JSON array · ?3: now · ?4: the table · ?5: the runs of the files, a JSON array ·
-- ?6: why, in words
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = ?1, reason = ?6, updated_at = ?3::timestamp, unsettled_at = ?3::timestamp
where "table" = ?4
    and (
        state in (select unnest(json_transform(?2, '["VARCHAR"]')))
        or (state = 'mismatch' and unsettled_at is not null)
    )
    and run_id in (select unnest(json_transform(?5, '["VARCHAR"]')))
    and lost_at is null
    and forgotten_at is null
