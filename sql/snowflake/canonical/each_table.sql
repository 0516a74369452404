-- {table}: each row's key and business columns as one text each, the same that DuckDB hashes (staging.{table}_text).
-- grain: that of {source} · reads: {source}, the landing table or its current rows · used by: verify/landed.sql, compare/*.sql
-- A template, once per table
select
    {row_key} as row_key,
    concat_ws(
        chr(31),
        {column_texts}
    ) as content,
    row_hash, run_id, extracted_at, _file_name, _file_row_number
from {source}
