-- settle_files: notes that the current rows of a table are right, so that what became of its files no longer matters. ?1: now · ?2: table
-- grain: none · reads: meta.files · shipped: no
-- What is still queued can change the table yet, unless a later file of it has arrived.
update meta.files
set state = 'superseded', updated_at = ?1::timestamp
where "table" = ?2
    and (
        state in ('failed', 'mismatch')
        or (state = 'accepted' and run_id < (
            select max(later.run_id)
            from meta.files as later
            where later."table" = ?2 and later.state = 'verified'
        ))
    )
