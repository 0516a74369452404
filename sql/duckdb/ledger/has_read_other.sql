-- has_read_other: whether anything was read from other sources than these. ?1, ?2: sources
-- grain: one row · reads: meta.reads, meta.runs · shipped: no
select count(*) > 0 as has_read
from meta.reads as reads
inner join meta.runs as runs using (run_id)
where runs.source not in (?, ?)
