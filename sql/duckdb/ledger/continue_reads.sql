-- continue_reads: notes how far reads came that an earlier settling began. ?1: snapshot · ?2: total · ?3: status · ?4: end (each of them
-- NULL: as it was) · ?5: read
-- grain: none · reads: meta.reads · shipped: no
update meta.reads
set
    snapshot_id = coalesce(?1, snapshot_id),
    total = coalesce(?2, total),
    status = coalesce(?3, status),
    finished_at = coalesce(?4::timestamp, finished_at)
where read_id = ?5
