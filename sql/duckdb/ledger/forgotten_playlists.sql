-- forgotten_playlists: the playlists that were forgotten, by what is kept of them
-- grain: playlist · reads: meta.forgotten_playlists · shipped: no
select fingerprint
from meta.forgotten_playlists
