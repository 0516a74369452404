-- purge: takes everything of theirs out of the raw documents and the ledger, after the rows of core.
-- grain: none · reads: theirs, their_lists, list_songs, raw, meta · shipped: no · guarded by: tests/suite/forget.rs
create or replace temp table their_reads as
select read_id
from meta.reads
where playlist_id in (select playlist_id from their_lists)
    -- The list of a user's playlists is the user's.
    or (entity = 'my_playlists' and exists (from theirs where kind = 'user'));

create or replace temp table their_rows as
select rows.document_id, rows.position
from raw.rows as rows
inner join raw.documents as documents using (document_id)
where documents.entity in ('artists', 'albums', 'my_playlists')
    and staging.read_json(rows.row_json, '{"id":"VARCHAR"}').id
    in (select value from theirs where kind in ('artist', 'album', 'playlist'));

create or replace temp table their_documents as
select document_id
from raw.documents
where read_id in (select read_id from their_reads)
    or (
        entity in ('artists', 'albums')
        and list_contains(getvariable('their_ids'), regexp_extract(url, '/(artists|albums)/([0-9A-Za-z]+)', 2))
    )
    or (
        entity in ('artists', 'albums')
        and document_id in (select document_id from their_rows)
        and document_id not in (
            select rows.document_id
            from raw.rows as rows
            anti join their_rows using (document_id, position)
        )
    );

delete from raw.rows
where document_id in (select document_id from their_documents);

delete from raw.documents
where document_id in (select document_id from their_documents);

-- Of a document that names others, too, their rows stay as rows of nothing.
update raw.rows
set row_json = 'null', item_at = null, item_id = null
where (document_id, position) in (select (document_id, position) from their_rows);

update raw.documents
set url = regexp_extract(url, '^(.*[?&]ids=)', 1)
    || array_to_string(
        list_filter(
            string_split(replace(regexp_extract(url, '[?&]ids=([^&]*)', 1), '%2C', ','), ','),
            lambda id: not list_contains(getvariable('their_ids'), id)
        ),
        ','
    )
    || regexp_extract(url, '[?&]ids=[^&]*(.*)$', 1)
where entity in ('artists', 'albums')
    and regexp_matches(url, '[?&]ids=')
    and list_has_any(
        string_split(replace(regexp_extract(url, '[?&]ids=([^&]*)', 1), '%2C', ','), ','), getvariable('their_ids')
    );

-- Who added a row stands before its item, so that the item's place moves.
create or replace temp table their_marks as
select
    rows.document_id,
    rows.position,
    regexp_extract(rows.row_json, '"added_by"\s*:\s*\{(?:[^{}]|\{[^{}]*\})*\}') as mark
from raw.rows as rows
where exists (from theirs where kind = 'user' and contains(rows.row_json, '"' || value || '"'));

update raw.rows as rows
set
    item_at = case
        when strpos(rows.row_json, marks.mark) <= rows.item_at
            then rows.item_at - length(marks.mark) + length('"added_by":null')
        else rows.item_at
    end,
    row_json = replace(rows.row_json, marks.mark, '"added_by":null')
from their_marks as marks
where marks.document_id = rows.document_id and marks.position = rows.position and marks.mark <> '';

-- What is written in no way that we know goes whole.
update raw.rows
set row_json = 'null', item_at = null, item_id = null
where exists (
    from theirs
    where kind = 'user' and (
        contains(row_json, '"' || value || '"')
        or contains(row_json, '/user/' || value || '"')
        or contains(row_json, '/users/' || value || '"')
        or contains(row_json, 'spotify:user:' || value || '"')
    )
);

delete from raw.items
where item_id not in (select item_id from raw.rows where item_id is not null);

delete from meta.snapshots
where playlist_id in (select playlist_id from their_lists);

delete from meta.pruned_reads
where read_id in (select read_id from their_reads);

delete from meta.reads
where read_id in (select read_id from their_reads);

delete from meta.looks
where playlist_id in (select playlist_id from their_lists);

delete from core.album_details
where list_contains(getvariable('their_ids'), album_id);

delete from core.unlisted_items
where playlist_id in (select playlist_id from their_lists);

delete from raw.genres
where list_contains(getvariable('their_ids'), artist_id);

delete from meta.details
where list_contains(getvariable('their_ids'), object_id);

delete from meta.pending_gone_rows
where list_contains(getvariable('their_ids'), first_key) or list_contains(getvariable('their_ids'), second_key);

delete from meta.song_spread
where song_id in (select song_id from list_songs);

insert into meta.song_spread
select rows.song_id, count(distinct rows.playlist_id) as playlist_count
from core.playlist_songs as rows
inner join core.playlists as playlists on playlists.id = rows.playlist_id and playlists.snapshot_id = rows.snapshot_id
where rows.song_id in (select song_id from list_songs where is_kept)
group by rows.song_id;

create or replace temp macro names_them(said) as
    list_has_any(string_split_regex(said, '[^0-9A-Za-z]+'), getvariable('their_ids'))
    or len(list_filter(getvariable('their_words'), lambda word: contains(said, word))) > 0;

delete from meta.check_failures
where names_them(failure);

delete from meta.not_before
where names_them(account) or names_them(reason);

update meta.files
set reason = null
where names_them(reason);

update meta.runs
set
    source = if(names_them(source), 'forgotten', source),
    report = if(names_them(report), null, report),
    unread_reason = if(names_them(unread_reason), null, unread_reason),
    put_off = if(names_them(put_off), null, put_off);
