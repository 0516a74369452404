-- renew_looks: when lists that were looked at before were looked at now, and by which run: in their places, so that the ledger does
-- not grow by each look. ?1: the lists, a JSON array · ?2: the run · ?3: now
-- grain: none · reads: meta.looks · shipped: no
update meta.looks
set run_id = ?2, looked_at = ?3::timestamp
where playlist_id in (select unnest(json_transform(?1, '["VARCHAR"]')))
