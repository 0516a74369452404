-- adders: who added the songs; nobody, where that is unknown.
select
    coalesce(added_by, '') as added_by,
    sum(song_count)::bigint as song_count,
    count(*) as playlist_count,
    max(last_added_at) as last_added_at
from marts.playlist_adders
group by all
order by song_count desc, added_by
limit 12
