-- playlist_stays: each unbroken row of snapshots that had a song, by the snapshots' numbers in playlist_snapshots.
-- grain: playlist_id, song_id, first_snapshot_number · reads: playlist_snapshots, playlist_songs
-- What the history marts share: it is the one that reads all of the history.
with song_snapshots as (
    select distinct items.playlist_id, items.song_id, snapshots.snapshot_number
    from {{ source('spotify', 'playlist_songs') }} as items
    inner join {{ ref('playlist_snapshots') }} as snapshots
        on snapshots.playlist_id = items.playlist_id and snapshots.snapshot_id = items.snapshot_id
    where items.song_id is not null
),

spans as (
    select
        playlist_id, song_id,
        min(snapshot_number) as first_snapshot_number,
        max(snapshot_number) as last_snapshot_number,
        count(*) as snapshot_count
    from song_snapshots
    group by playlist_id, song_id
),

-- Few songs come back, and only theirs must be sorted. In an unbroken row both numbers rise by one, so that their difference stays.
returns as (
    select
        song_snapshots.playlist_id, song_snapshots.song_id, song_snapshots.snapshot_number,
        song_snapshots.snapshot_number - row_number() over (
            partition by song_snapshots.playlist_id, song_snapshots.song_id order by song_snapshots.snapshot_number
        ) as stay
    from song_snapshots
    inner join spans on spans.playlist_id = song_snapshots.playlist_id and spans.song_id = song_snapshots.song_id
    where spans.snapshot_count < spans.last_snapshot_number - spans.first_snapshot_number + 1
)

select playlist_id, song_id, first_snapshot_number, last_snapshot_number
from spans
where snapshot_count = last_snapshot_number - first_snapshot_number + 1
union all
select playlist_id, song_id, min(snapshot_number), max(snapshot_number)
from returns
group by playlist_id, song_id, stay
