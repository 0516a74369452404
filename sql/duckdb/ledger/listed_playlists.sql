-- listed_playlists: the rows of a landed list of playlists. ?1: the read
-- grain: row · reads: raw.rows, raw.documents · shipped: no
with listed as (
    select
        position,
        row_json,
        staging.read_json(row_json, staging.playlist_structure()) as playlist
    from raw.rows
    where document_id in (select document_id from raw.documents where read_id = ?1)
)

select
    playlist.id,
    playlist.snapshot_id,
    nullif(playlist.owner.id, '') as owner_id,
    coalesce(playlist.collaborative, false) as is_collaborative,
    row_json = 'null' as is_null,
    case when trim(playlist.name) <> '' then playlist.name end as name
from listed
order by position
