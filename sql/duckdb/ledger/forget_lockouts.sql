-- forget_lockouts: takes out what note_lockouts.sql is about to note. ?1: account · ?2: the buckets, a JSON array
-- grain: none · reads: meta.not_before · shipped: no
delete from meta.not_before
where account = ?1
    and bucket in (select unnest(json_transform(?2, '["VARCHAR"]')))
