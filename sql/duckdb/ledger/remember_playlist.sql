-- remember_playlist: notes that a forgotten playlist may be read again. ?1: its id
-- grain: none · reads: meta.forgotten_playlists · shipped: no
delete from meta.forgotten_playlists
where fingerprint = sha256('snowtrack forgot ' || ?1)
