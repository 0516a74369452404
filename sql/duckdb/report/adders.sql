-- adders: who added the songs; nobody, where that is unknown.
with adders as (
    select
        coalesce(added_by, '') as added_by,
        sum(song_count)::bigint as song_count,
        count(*) as playlist_count,
        max(last_added_at) as last_added_at
    from marts.playlist_adders
    group by all
)

select
    added_by, song_count, playlist_count, last_added_at,
    count(*) filter (where added_by <> '') over () as all_person_count,
    (sum(song_count) over ())::bigint as all_song_count,
    (coalesce(sum(song_count) filter (where added_by = '') over (), 0))::bigint as unknown_song_count
from adders
order by song_count desc, added_by
limit 12
