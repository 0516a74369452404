-- playlist_snapshots: the versions of each playlist that were read, in the order that history is told in.
-- grain: playlist_id, snapshot_id · reads: playlists, playlist_songs
-- Every mart that looks back starts here, so that they agree on what came before what.
with snapshots_with_rows as (
    select
        playlist_id, snapshot_id,
        count(*) as row_count,
        min(extracted_at) as first_read_at,
        min(run_id) as first_run_id,
        max(added_at) as last_added_at
    from {{ source('spotify', 'playlist_songs') }}
    group by playlist_id, snapshot_id
),

-- A list that is empty now has no row that could name its snapshot; its playlist does, while the snapshot is current.
empty_snapshots as (
    select
        playlists.id as playlist_id,
        playlists.snapshot_id,
        0 as row_count,
        playlists.extracted_at as first_read_at,
        playlists.run_id as first_run_id,
        null::timestamp as last_added_at
    from {{ source('spotify', 'playlists') }} as playlists
    left join snapshots_with_rows
        on snapshots_with_rows.playlist_id = playlists.id
        and snapshots_with_rows.snapshot_id = playlists.snapshot_id
    where playlists.item_count = 0 and snapshots_with_rows.playlist_id is null
),

read_snapshots as (
    select * from snapshots_with_rows
    union all
    select * from empty_snapshots
),

named_snapshots as (
    select
        read_snapshots.*,
        playlists.name as playlist_name,
        playlists.extracted_at as playlist_changed_at,
        coalesce(read_snapshots.snapshot_id = playlists.snapshot_id, false) as is_current,
        max(read_snapshots.first_read_at) over (partition by read_snapshots.playlist_id) as newest_read_at
    from read_snapshots
    inner join {{ source('spotify', 'playlists') }} as playlists on playlists.id = read_snapshots.playlist_id
)

select
    named_snapshots.playlist_id,
    named_snapshots.playlist_name,
    named_snapshots.snapshot_id,
    -- The current one comes last, whatever the times say: a list can return to an earlier state. Equal times are of one run.
    row_number() over (
        partition by named_snapshots.playlist_id
        order by
            case when named_snapshots.is_current then 1 else 0 end,
            named_snapshots.first_read_at, named_snapshots.first_run_id,
            named_snapshots.last_added_at nulls first, named_snapshots.snapshot_id
    ) as snapshot_number,
    named_snapshots.is_current,
    -- Where a list has returned, the run that saw it return is the one that last changed the playlist.
    case
        when named_snapshots.is_current and named_snapshots.first_read_at < named_snapshots.newest_read_at
            then greatest(named_snapshots.newest_read_at, named_snapshots.playlist_changed_at)
        else named_snapshots.first_read_at
    end as first_read_at,
    named_snapshots.row_count
from named_snapshots
