"""The statements that dbt compiled for Snowflake: sqlglot reads each, and on fakesnow the marts have DuckDB's rows.

    on_snowflake.py FOLDER NAME…

In the folder are the copies of published files that dbt wrote into, `NAME.duckdb`, the manifest `snowflake.json`, and what dbt compiled, in
`compiled/`. fakesnow is looser than Snowflake: it shows that both dialects mean the same, not that Snowflake takes a statement.
"""

import json
import re
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import fakesnow
import snowflake.connector
import sqlglot

ROWS_PER_INSERT = 200


def main() -> None:
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    statements = sorted((folder / "compiled").rglob("*.sql"))
    for statement in statements:
        sqlglot.parse_one(statement.read_text(), read="snowflake")
    print(f"dbt: sqlglot reads {len(statements)} compiled statements")
    manifest = json.loads((folder / "snowflake.json").read_text())
    problems = []
    for name in names:
        published = duckdb.connect(str(folder / f"{name}.duckdb"), read_only=True)
        with fakesnow.patch():
            connection = snowflake.connector.connect(database="SPOTIFY", schema="CORE")
            found = compare(published, connection.cursor(), manifest, folder / "compiled")
            problems += [f"{name}: {problem}" for problem in found]
        print(f"dbt: {name}: every mart on fakesnow")
    for problem in problems:
        print(f"dbt: {problem}", file=sys.stderr)
    sys.exit(1 if problems or not names else 0)


def compare(published, cursor, manifest, compiled):
    """The same rows in each mart, from Snowflake's SQL over the same tables and from the binary's view."""
    for source in manifest["sources"].values():
        if source["source_name"] == "spotify":
            copy(published, cursor, source["name"])
    cursor.execute("create schema spotify.marts")
    for name in ordered(manifest):
        statement = next(compiled.rglob(f"models/marts/*/{name}.sql")).read_text()
        cursor.execute(f"create view spotify.marts.{name} as {without_day_arithmetic(statement)}")
        theirs = Counter(map(plain, cursor.execute(f"select * from spotify.marts.{name}").fetchall()))
        ours = Counter(map(plain, published.execute(f"from marts.{name}").fetchall()))
        if theirs != ours:
            yield f"{name}: on fakesnow alone {list((theirs - ours))[:3]}, in DuckDB alone {list((ours - theirs))[:3]}"
        print(f"dbt: {name}: {theirs.total()} rows on fakesnow")


def without_day_arithmetic(statement):
    """fakesnow makes every INTEGER a BIGINT, which its DuckDB takes from no date; Snowflake takes any number."""
    return re.sub(r"items\.added_at::date - (mod\(.*\))::integer as week", r"dateadd('day', -\1, items.added_at::date) as week", statement)


def copy(published, cursor, table):
    """A shipped table with its rows, under Snowflake's types."""
    columns = published.execute(f"describe core.{table}").fetchall()
    cursor.execute(f"create table spotify.core.{table} ({', '.join(f'{name} {kind}' for name, kind, *_ in columns)})")
    rows = published.execute(f"from core.{table}").fetchall()
    for start in range(0, len(rows), ROWS_PER_INSERT):
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows[start : start + ROWS_PER_INSERT])
        cursor.execute(f"insert into spotify.core.{table} values {values}")


def literal(value):
    if value is None or isinstance(value, (bool, int, float, Decimal)):
        return "null" if value is None else str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "''")
    return f"'{text}'"


def ordered(manifest):
    """The marts, each after those that it reads."""
    marts = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model" and node["path"].startswith("marts/")}
    left = {key: set(node["depends_on"]["nodes"]) for key, node in marts.items()}
    while left:
        ready = sorted(key for key, needs in left.items() if not needs & set(left))
        yield from (key.split(".")[-1] for key in ready)
        left = {key: needs for key, needs in left.items() if key not in ready}


def plain(row):
    """A row as both engines give it: numbers of any type, to nine digits."""
    return tuple(float(f"{value:.9g}") if isinstance(value, (int, float, Decimal)) else value for value in row)


main()
