"""The same job with nothing but DuckDB's Python package: what the binary adds or takes away shows in the ratio.

`reference.py FOLDER WORK` lands the folder's documents by SQL, runs the project's own models, merge and checks on them, and
writes the tables as Parquet. It prints the seconds of landing and of the rest.
"""
import json, pathlib, re, sys, time

import duckdb

SQL = pathlib.Path(__file__).parents[2] / "sql/duckdb"
KEYS = {"albums": "id", "artists": "id", "songs": "id", "song_artists": "song_id, artist_position", "playlists": "id",
        "playlist_songs": "playlist_id, snapshot_id, position", "song_observations": "song_id, observed_on",
        "genres": "artist_id, genre"}

# Documents and their rows, as the binary lands them, but for the bytes between the values.
LANDING = """
create temp table lines as
select
    row_number() over () as document_id, url, fetched_at, body, split_part(split_part(url, '?', 1), '/', 4) as playlist_id,
    contains(url, '/items?') as is_page, coalesce(try_cast(regexp_extract(url, 'offset=(\\d+)', 1) as integer), 0) as page_offset
from read_json(
    '{folder}/*.ndjson', format = 'newline_delimited', maximum_object_size = 67108864,
    columns = {{url: 'varchar', fetched_at: 'timestamp', body: 'json'}}
);

insert into meta.reads by name
select
    row_number() over () as read_id, 'reference' as run_id, 'playlist' as entity, playlist_id,
    body ->> '$.snapshot_id' as snapshot_id, (body ->> '$.items.total')::integer as total, 'complete' as status,
    fetched_at as started_at, fetched_at as finished_at
from lines where not is_page;

insert into raw.documents by name
select
    document_id, read_id, 'reference' as run_id, case when is_page then 'playlist_items' else 'playlist' end as entity, url,
    fetched_at, page_offset, case when not is_page then json_object(
        'id', body -> '$.id', 'name', body -> '$.name', 'owner', body -> '$.owner', 'public', body -> '$.public',
        'collaborative', body -> '$.collaborative', 'snapshot_id', body -> '$.snapshot_id',
        'external_urls', body -> '$.external_urls', 'items', json_object('total', body -> '$.items.total')
    ) else '{{}}' end as envelope
from lines inner join meta.reads using (playlist_id) order by document_id;

insert into raw.rows by name
select document_id, (page_offset + place)::integer as position, row_json
from (
    select
        document_id, page_offset, unnest(from_json(rows, '["JSON"]'))::varchar as row_json,
        generate_subscripts(from_json(rows, '["JSON"]'), 1) - 1 as place
    from (select *, case when is_page then body -> '$.items' else body -> '$.items.items' end as rows from lines)
);
"""


def statements(sql):
    """Each by itself: DuckDB scans a table of the running transaction on one thread."""
    return [part for part in re.split(r";[ \t]*(?:--[^\n]*)?\n", sql + "\n") if re.sub(r"--[^\n]*", "", part).strip()]


def main(folder, work):
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "8GB", "temp_directory": f"{work}/tmp"})
    connection.execute(f"attach '{work}/reference.duckdb' as work (storage_version 'v1.5.0'); use work")
    for file in sorted((SQL / "schema").glob("*.sql")):
        connection.execute(file.read_text())
    connection.execute("set variable run_id = 'reference'; set variable extracted_at = timestamp '2026-01-30'")
    connection.execute("insert into meta.runs by name select 'reference' as run_id, 'running' as status")
    started = time.perf_counter()
    for statement in statements(LANDING.format(folder=folder)):
        connection.execute(statement)
    landed = time.perf_counter()
    for file in sorted((SQL / "models").glob("*.sql")):
        for statement in statements(file.read_text()):
            connection.execute(statement)
    connection.execute("begin")
    for table, key in KEYS.items():
        connection.execute((SQL / "merge.sql").read_text().replace("{table}", table).replace("{key}", key)
                           .replace("{stored}", f"core.{table}").replace("{again}", f"next_{table}"))
    connection.execute((SQL / "finish.sql").read_text())
    connection.execute((SQL / "ledger/note_change.sql").read_text())
    connection.execute("commit")
    failed = {}
    for file in (SQL / "checks").glob("*.sql"):
        offending = connection.execute(file.read_text()).fetchall()
        if offending and "-- severity: error" in file.read_text():
            failed[file.stem] = str(offending[0])
    for table in KEYS:
        connection.execute(f"copy core.{table} to '{work}/{table}.parquet' (format parquet, compression zstd)")
    ended = time.perf_counter()
    counts = {table: connection.execute(f"select count(*) from core.{table}").fetchone()[0] for table in KEYS}
    print(json.dumps({"landing_s": landed - started, "rest_s": ended - landed, "tables": counts, "failed": failed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
