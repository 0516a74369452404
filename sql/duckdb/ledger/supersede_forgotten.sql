-- supersede_forgotten: notes that files no longer matter, because newer ones have their rows. ?1: to which state · ?2: from which
-- states, a JSON array · ?3: now
-- grain: none · reads: meta.files · shipped: no
update meta.files
set state = ?1, reason = null, updated_at = ?3::timestamp
where forgotten_at is not null
    and erased_at is null
    and state in (select unnest(json_transform(?2, '["VARCHAR"]')))
