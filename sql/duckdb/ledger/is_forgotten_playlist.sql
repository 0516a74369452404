-- is_forgotten_playlist: whether a playlist was forgotten. ?1: its id
-- grain: one row · reads: meta.forgotten_playlists · shipped: no
select count(*) > 0 as is_forgotten
from meta.forgotten_playlists
where fingerprint = sha256('snowtrack forgot ' || ?1)
