-- publish_gone: takes the rows that finish.sql deleted from core out of a copy of the published file.
-- grain: none · reads: meta.pending_gone_rows · shipped: no · guarded by: published/next_version.rs, by the counts
-- Before publish.sql: a row that went and came again is inserted there.
delete from published.core.song_artists
where rowid in (
    select stored.rowid
    from published.core.song_artists as stored
    inner join meta.pending_gone_rows as gone
        on gone.consumer = '{published}'
        and gone."table" = 'song_artists'
        and gone.first_key = stored.song_id
        and gone.second_key = stored.artist_position::varchar
);

delete from published.core.genres
where rowid in (
    select stored.rowid
    from published.core.genres as stored
    inner join meta.pending_gone_rows as gone
        on gone.consumer = '{published}'
        and gone."table" = 'genres'
        and gone.first_key = stored.artist_id
        and gone.second_key = stored.genre
);
