-- end_forget: notes in a fresh work file, before it takes the old one's place, that what was asked is forgotten. ?1: now
-- grain: none · reads: work.meta, fresh.meta · shipped: no
insert into fresh.meta.forgotten_playlists by name
select sha256('snowtrack forgot ' || value) as fingerprint, ?1::timestamp as forgotten_at
from work.meta.forgotten
where kind = 'playlist'
    and sha256('snowtrack forgot ' || value) not in (select fingerprint from fresh.meta.forgotten_playlists)
