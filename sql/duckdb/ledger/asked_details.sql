-- asked_details: how many artists were asked for, and how many genres were given
-- grain: one row · reads: meta.details, core.genres · shipped: no
select
    count(distinct object_id) as artist_count,
    (select count(*) from core.genres) as genre_count
from meta.details
where entity = 'artists'
