-- end_fetch: notes that a run landed all that it asks for. ?1: now · ?2, ?3: what was not read and why · ?4, ?5: what was put off and
-- until when · ?6: the run
-- grain: none · reads: meta.runs · shipped: no
update meta.runs
set
    fetched_at = ?1::timestamp,
    unread_count = ?2,
    unread_reason = ?3,
    put_off = ?4,
    put_off_until = ?5::timestamp
where run_id = ?6
