-- tidy_genres: keeps each pair that files gave once, by the read that gave it first, and none of an artist that is not known: the same
-- file given again lands those.
-- grain: artist_id, genre · reads: raw.genres, core.artists · shipped: no · guarded by: tests/suite/source/genres.rs
delete from raw.genres
where artist_id not in (select id from core.artists)
    or rowid not in (
        select arg_min(rowid, read_id) from raw.genres
        group by artist_id, genre
    );
