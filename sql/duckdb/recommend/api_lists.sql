-- api_lists: how many lists have rows that came from Spotify's API, or from nobody knows where.
-- grain: none · reads: core.playlists, meta.origins of the published file · shipped: no
select count(*)
from core.playlists as playlists
left join meta.origins as origins on origins.playlist_id = playlists.id
where origins.origin is null or origins.origin = 'api'
