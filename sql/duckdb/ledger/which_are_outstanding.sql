-- which_are_outstanding: files that are not known to have arrived, and still can. ?1: the place where, or NULL; what was
-- proven elsewhere is not known there
-- grain: file · reads: meta.files · shipped: no
select rowid
from meta.files
where lost_at is null
    and (state not in ('verified', 'superseded') or (state = 'verified' and verified_in <> ?1))
