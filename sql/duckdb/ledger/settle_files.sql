-- settle_files: notes that the current rows of a table are right, so that what became of its files no longer matters. ?1: to which
-- state · ?2: from which states, a JSON array · ?3: now · ?4: table
-- grain: none · reads: meta.files · shipped: no
-- What is still queued can change the table yet, unless a later file of it has arrived; a proven one is settled by a later one only.
update meta.files
set
    state = ?1,
    updated_at = ?3::timestamp,
    -- By the last shipment of the table that arrived since; where there is none, somebody did it in Snowflake.
    mended_by = case
        when state in ('failed', 'mismatch') then coalesce(
            (
                select max(later.run_id)
                from meta.files as later
                where later."table" = ?4 and later.state = 'verified' and later.run_id > files.run_id
            ), mended_by, 'snowflake'
        )
        else mended_by
    end
where "table" = ?4
    and state in (select unnest(json_transform(?2, '["VARCHAR"]')))
    and (
        state not in ('accepted', 'verified')
        or run_id < (
            select max(later.run_id)
            from meta.files as later
            where later."table" = ?4 and later.state = 'verified'
        )
    )
