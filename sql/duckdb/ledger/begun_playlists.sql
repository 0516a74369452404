-- begun_playlists: the playlists of which a read began and did not end
-- grain: playlist · reads: meta.reads · shipped: no
select distinct playlist_id
from meta.reads
where entity = 'playlist' and playlist_id is not null and status = 'reading'
