-- Snowflake's functions where DuckDB has none of the name or means something else by it.
set threads = 1;
set default_null_order = 'nulls_last_on_asc_first_on_desc';

-- First 64 bits, big endian.
create macro sf_md5_number_upper64(x) as ('0x' || substr(md5(x::varchar), 1, 16))::ubigint::decimal(20, 0);

create macro sf_parse_json(x) as x::json;

create macro sf_array_contains(x, a) as list_contains(from_json(a, '["VARCHAR"]'), x::varchar);

create macro sf_array_size(a) as json_array_length(a);

create macro sf_iff(c, a, b) as case when c then a else b end;

create macro sf_equal_null(a, b) as a is not distinct from b;

-- Dates and times have formats of their own; everything else is its plain text.
create macro sf_to_varchar(x) as
    case typeof(x)
        when 'TIMESTAMP' then strftime(try_cast(x as timestamp), '%Y-%m-%d %H:%M:%S.%g')
        when 'TIMESTAMP_NS' then strftime(try_cast(x as timestamp) - to_minutes(getvariable('minutes_behind')), '%Y-%m-%d %H:%M:%S.%g ') || getvariable('offset')
        else x::varchar
    end;

-- A time with a zone is shown in the session's zone.
create macro sf_format(x, f) as
    case typeof(x)
        when 'TIMESTAMP_NS' then strftime(x::timestamp - to_minutes(getvariable('minutes_behind')), f)
        else strftime(x, f)
    end;
