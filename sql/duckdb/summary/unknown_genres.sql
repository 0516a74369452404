-- unknown_genres: how many artists are not known of which a file gave genres
-- grain: one row · reads: raw.genres, core.artists · shipped: no · guarded by: tests/suite/source/genres.rs
select count(distinct artist_id) as artist_count
from raw.genres
where artist_id not in (select id from core.artists)
