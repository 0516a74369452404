-- interactions: which song stands in which list, as the lists are now, and whether a model may learn from it.
-- A list's songs are split by the rank of their time within the list, from its own rows alone: the first 80 % are for training, 10 %
-- for validation, the last 10 % for the test; equal times share a part. Whole numbers, so that no rounding moves a song.
-- A template: {lists} is core.playlists, or those of them that changed.
-- grain: playlist_id, song_id · reads: core.playlist_songs, core.playlists of the published file · shipped: no
with pairs as (
    select
        rows.playlist_id, rows.song_id,
        min(rows.added_at) as added_at,
        count(*)::integer as weight
    from core.playlist_songs as rows
    inner join {lists} as playlists
        on playlists.id = rows.playlist_id and playlists.snapshot_id = rows.snapshot_id
    where rows.song_id is not null
    group by rows.playlist_id, rows.song_id
),

ranked as (
    select
        *,
        -- Unknown times come last, so that they do not count for the others.
        rank() over (partition by playlist_id order by added_at nulls last) - 1 as earlier_count,
        count(added_at) over (partition by playlist_id) as known_count
    from pairs
)

select
    playlist_id, song_id, added_at, weight,
    case
        when added_at is null or 10 * earlier_count < 8 * known_count then 'train'
        when 10 * earlier_count < 9 * known_count then 'validation'
        else 'test'
    end as split
from ranked
