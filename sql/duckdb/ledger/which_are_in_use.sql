-- which_are_in_use: every file that was ever sent, but for those that newer ones replaced
-- grain: file · reads: meta.files · shipped: no
select rowid
from meta.files
where state <> 'superseded' and lost_at is null
