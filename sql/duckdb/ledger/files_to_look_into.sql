-- files_to_look_into: every file that may still be somewhere, oldest run first
-- grain: file · reads: meta.files · shipped: no
select "table", key, state, lost_at is not null as is_lost, forgotten_at is not null as is_forgotten
from meta.files
where erased_at is null
order by run_id, rowid
