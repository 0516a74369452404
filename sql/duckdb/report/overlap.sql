-- overlap: the eight playlists that share most songs, each with each.
with pairs as materialized (
    select playlist_id, playlist_name, other_playlist_id, shared_song_count, jaccard
    from marts.playlist_overlap
),

lists as (
    select
        playlist_id,
        playlist_name,
        row_number() over (order by sum(shared_song_count) desc, playlist_name, playlist_id) as place
    from pairs
    group by playlist_id, playlist_name
    order by place
    limit 8
)

select
    lists.place,
    lists.playlist_name,
    others.place as other_place,
    others.playlist_name as other_playlist_name,
    coalesce(overlap.shared_song_count, 0) as shared_song_count,
    coalesce(overlap.jaccard, 0) as jaccard
from lists
cross join lists as others
left join pairs as overlap
    on overlap.playlist_id = lists.playlist_id and overlap.other_playlist_id = others.playlist_id
order by lists.place, others.place
