-- macros: how raw JSON is read and how a row is hashed, written once.
-- grain: none · reads: nothing · shipped: no · guarded by: *__row_hash_is_right, playlist_songs__row_is_readable
create schema if not exists staging;

-- What we read of Spotify's objects; every other field stays in raw. Numbers are read as JSON text,
-- because a BIGINT would make 12 of "12" and 1 of true.
create or replace macro staging.artist_structure() as
    '{"id":"VARCHAR","name":"VARCHAR","external_urls":{"spotify":"VARCHAR"}}';

create or replace macro staging.album_structure() as
    '{"id":"VARCHAR","name":"VARCHAR","release_date":"VARCHAR","total_tracks":"JSON",'
    || '"external_urls":{"spotify":"VARCHAR"},"artists":[' || staging.artist_structure() || ']}';

create or replace macro staging.item_structure() as
    '{"id":"VARCHAR","uri":"VARCHAR","type":"VARCHAR","is_local":"BOOLEAN",'
    || '"name":"VARCHAR","duration_ms":"JSON","popularity":"JSON","external_urls":{"spotify":"VARCHAR"},'
    || '"show":{"name":"VARCHAR"},'
    || '"album":' || staging.album_structure() || ',"artists":[' || staging.artist_structure() || ']}';

-- A row around its item, and a row whose item was not cut out. Only the row's own `item` and `track` are objects; inside them
-- Spotify has booleans of the same names.
create or replace macro staging.frame_structure() as
    '{"added_at":"VARCHAR","added_by":{"id":"VARCHAR"},"is_local":"BOOLEAN"}';

create or replace macro staging.whole_row_structure() as
    '{"item":' || staging.item_structure() || ',"track":' || staging.item_structure() || '}';

create or replace macro staging.playlist_structure() as
    '{"id":"VARCHAR","name":"VARCHAR","owner":{"id":"VARCHAR"},"public":"BOOLEAN","collaborative":"BOOLEAN",'
    || '"snapshot_id":"VARCHAR","external_urls":{"spotify":"VARCHAR"},'
    || '"items":{"total":"JSON"},"tracks":{"total":"JSON"}}';

create or replace macro staging.full_artist_structure() as
    '{"id":"VARCHAR","name":"VARCHAR","external_urls":{"spotify":"VARCHAR"},"genres":["VARCHAR"]}';

-- DuckDB refuses JSON with half a surrogate pair ("\ud83d"), which Spotify's users do produce. Each half becomes
-- U+FFFD, as browsers show it. RE2 cannot look ahead, so the first step appends the replacement to every
-- whole escape as well, and the second takes it off again; `\\ud83d` is an escaped backslash, not a surrogate.
create or replace macro staging.without_lone_surrogates(json_text) as
    regexp_replace(
        regexp_replace(
            json_text,
            '(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u])|\\u[dD][89a-fA-F][0-9a-fA-F]{2}',
            '\1\\uFFFD', 'g'
        ),
        '(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u])\\uFFFD', '\1', 'g'
    );

-- NULL for text that is no JSON, and for the text 'null'. `coalesce` tries the repair only where the plain reading failed.
create or replace macro staging.read_json(json_text, structure) as
    coalesce(
        try(json_transform(json_text, structure)),
        case when contains(lower(json_text), '\ud')
            then try(json_transform(staging.without_lone_surrogates(json_text), structure))
        end
    );

-- Whether a row says that its item is gone: by `null` where the item would stand, and by nothing else.
create or replace macro staging.says_null(item_type, track_type) as
    coalesce(item_type, 'NULL') = 'NULL'
    and coalesce(track_type, 'NULL') in ('NULL', 'BOOLEAN')
    and coalesce(item_type, '') || coalesce(track_type, '') like '%NULL%';

create or replace macro staging.names_no_item(row_json) as
    coalesce(
        try(staging.says_null(json_type(row_json, '$.item'), json_type(row_json, '$.track'))),
        case when contains(lower(row_json), '\ud') then try(staging.says_null(
            json_type(staging.without_lone_surrogates(row_json), '$.item'),
            json_type(staging.without_lone_surrogates(row_json), '$.track')
        )) end,
        false
    );

-- 204053.0 is 204053; what does not fit an INTEGER goes to its end, where the range checks find it.
-- (least and greatest pass over NULL, so an absent number is told apart first.)
create or replace macro staging.to_integer(json_number) as
    case when try_cast(json_number::varchar as double) is not null then try_cast(
        least(greatest(round(try_cast(json_number::varchar as double)), -2147483648), 2147483647) as integer
    ) end;

-- `+02:00`, `-0530` or `+02` at the end of a time, in minutes. (DuckDB without ICU drops an offset when it casts.)
create or replace macro staging.offset_minutes(iso_text) as
    if(regexp_matches(iso_text, '-\d\d:?(\d\d)?$'), -1, 1) * (
        60 * regexp_extract(iso_text, '[+-](\d\d):?(\d\d)?$', 1)::integer
        + coalesce(try_cast(regexp_extract(iso_text, '[+-](\d\d):?(\d\d)?$', 2) as integer), 0)
    );

-- UTC, whole seconds, from a time with `Z` or an offset. Chart and editorial playlists say 1970-01-01T00:00:00Z for "unknown".
create or replace macro staging.to_timestamp(iso_text) as
    nullif(
        case
            when iso_text[11] <> 'T' then null
            when ends_with(iso_text, 'Z') then date_trunc('second', try_cast(iso_text as timestamp))
            when regexp_matches(iso_text, '[+-]\d\d(:?\d\d)?$') then
                date_trunc('second', try_cast(regexp_replace(iso_text, '[+-]\d\d(:?\d\d)?$', '') as timestamp))
                - to_minutes(staging.offset_minutes(iso_text))
        end,
        timestamp '1970-01-01 00:00:00'
    );

-- The text's length decides, not `release_date_precision`, which is wrong at times; '0000' = unknown.
create or replace macro staging.to_date(partial_date) as
    case
        when partial_date is null or partial_date[:4] = '0000' then null
        when regexp_full_match(partial_date, '\d{4}') then try_cast(partial_date || '-01-01' as date)
        when regexp_full_match(partial_date, '\d{4}-\d{2}') then try_cast(partial_date || '-01' as date)
        when regexp_full_match(partial_date, '\d{4}-\d{2}-\d{2}') then try_cast(partial_date as date)
    end;

-- Liked songs are a playlist of ours: 'liked:<user id>' (an id can have colons), or 'liked' where a recording does not say whose they
-- are. `Subject` in src/ids.rs writes these ids.
create or replace macro staging.is_liked_songs(playlist_id) as playlist_id = 'liked' or starts_with(playlist_id, 'liked:');
create or replace macro staging.liked_songs_user(playlist_id) as nullif(substr(playlist_id, length('liked:') + 1), '');

-- A value as text for the row hash.
create or replace macro staging.hash_text(value) as coalesce(value::varchar, '\N');
create or replace macro staging.hash_time(value) as coalesce(strftime(value, '%Y-%m-%dT%H:%M:%S'), '\N');

-- First 64 bits, big endian, of md5 over the business columns joined with U+001F:
-- equal to Snowflake's MD5_NUMBER_UPPER64 (DuckDB's md5_number_upper has the other byte order).
create or replace macro staging.row_hash(joined_columns) as
    ('0x' || substr(md5(joined_columns), 1, 16))::ubigint::decimal(20, 0);

-- The same as an integer. By way of text: DuckDB divides to cast a decimal to an integer, which takes ten times as long.
create or replace macro staging.hash_number(row_hash) as row_hash::varchar::ubigint;

-- What the ledger keeps of an event's key: the first 64 bits of its md5, little endian. DuckDB's md5_number_upper is the same number by
-- way of text, and takes four times as long.
create or replace macro staging.key_hash(key_json) as
    (md5_number(key_json) & 18446744073709551615::uhugeint)::ubigint;

-- each table
-- Its business columns as one text, the same that sql/snowflake/canonical builds: hashed below and compared by `reconcile`.
create or replace macro staging.{table}_text({parameters}) as
    concat_ws(chr(31), {column_texts});

-- Its hash, used by its model and recomputed by its check.
create or replace macro staging.{table}_hash({parameters}) as
    staging.row_hash(staging.{table}_text({parameters}));
-- end
