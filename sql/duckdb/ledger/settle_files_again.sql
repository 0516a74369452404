-- settle_files_again: notes that a table has the rows again of files that had been settled before it lacked some. ?1: to which state ·
-- ?2: from which states, a JSON array · ?3: now · ?4: the table · ?5: the runs of the files, a JSON array
-- grain: none · reads: meta.files · shipped: no
update meta.files
set
    state = ?1,
    updated_at = ?3::timestamp,
    mended_by = coalesce(
        (
            select max(later.run_id)
            from meta.files as later
            where later."table" = ?4 and later.state = 'verified' and later.run_id > files.run_id
        ), mended_by, 'snowflake'
    )
where "table" = ?4
    and unsettled_at is not null
    and state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and run_id in (select unnest(json_transform(?5, '["VARCHAR"]')))
