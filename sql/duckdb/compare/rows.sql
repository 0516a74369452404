-- rows: the current rows of some keys, each business column as a text of its own, NULL where it is.
-- grain: row_key · reads: core.{table}, meta.pending_runs · ?1: the keys, a JSON array · shipped: no
-- twin: snowflake/compare/rows.sql
select
    concat_ws(chr(31), {key}) as row_key,
    run_id,
    strftime(extracted_at, '%Y-%m-%dT%H:%M:%S.%f') as extracted_at,
    run_id in (select run_id from meta.pending_runs where consumer = '{lake}') as is_unshipped,
    {column_values}
from core.{table}
where concat_ws(chr(31), {key}) in (select unnest(json_transform(?, '["VARCHAR"]')))
order by row_key;
