"""After `dbt build`: dbt's marts against the binary's, the sources against the tables, and where Snowflake's models would go.

    compare.py FOLDER NAME…

In the folder are the copies of published files that dbt wrote into, `NAME.duckdb`, and the manifests of both targets, `duckdb.json` and
`snowflake.json`.
"""

import json
import sys
from pathlib import Path

import duckdb


def main() -> None:
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    duckdb_target = json.loads((folder / "duckdb.json").read_text())
    snowflake_target = json.loads((folder / "snowflake.json").read_text())
    problems = list(compare_schemas(duckdb_target, snowflake_target))
    for name in names:
        connection = duckdb.connect(str(folder / f"{name}.duckdb"), read_only=True)
        found = [*compare_marts(connection, duckdb_target, name), *compare_sources(connection, duckdb_target)]
        problems += [f"{name}: {problem}" for problem in found]
    for problem in problems:
        print(f"dbt: {problem}", file=sys.stderr)
    sys.exit(1 if problems or not names else 0)


def compare_marts(connection, manifest, file):
    """The same columns in the same order, and the same rows, from dbt's relation and from the binary's view."""
    theirs = {node["name"]: f'{node["schema"]}.{node["name"]}' for node in models(manifest)}
    ours = rows(connection, "select view_name from duckdb_views() where schema_name = 'marts'")
    if {name for (name,) in ours} != set(theirs):
        yield f"the binary's marts are {sorted(name for (name,) in ours)}, dbt's {sorted(theirs)}"
        return
    filled = 0
    for name, relation in sorted(theirs.items()):
        mine = f"marts.{name}"
        if columns(connection, mine) != columns(connection, relation):
            yield f"{relation} has other columns than {mine}"
            continue
        for left, right in ((mine, relation), (relation, mine)):
            only = rows(connection, f"from {left} except all from {right} limit 3")
            if only:
                yield f"rows of {left} that {right} lacks: {only}"
        count = rows(connection, f"select count(*) from {mine}")[0][0]
        filled += count > 0
        print(f"dbt: {file}: {name}: {count} rows, the same on both sides")
    if filled != len(theirs):
        yield "a mart is empty, so its comparison shows nothing; has everything been read, the demo twice?"


def compare_sources(connection, manifest):
    """Every column of every shipped table is described, and no other. What is shipped has a hash of its row."""
    described = {
        source["name"]: (source["schema"], list(source["columns"]))
        for source in manifest["sources"].values()
        if source["source_name"] == "spotify"
    }
    shipped = [name for (name,) in rows(connection, "select table_name from duckdb_columns() where schema_name = 'core' and column_name = 'row_hash'")]
    if sorted(described) != sorted(shipped):
        yield f"the shipped tables are {sorted(shipped)}, dbt's sources {sorted(described)}"
    for name in sorted(set(described) & set(shipped)):
        schema, names = described[name]
        if schema != "core":
            yield f"source {name} is read from {schema}, not from core"
        if names != [column for column, _ in columns(connection, f"core.{name}")]:
            yield f"the source's columns of {name} are not those of core.{name}: {names}"


def compare_schemas(duckdb_target, snowflake_target):
    """In Snowflake models go to MARTS and read CORE; elsewhere they go to no schema of the binary's."""
    for node in models(snowflake_target):
        if node["schema"].upper() != "MARTS":
            yield f"in Snowflake {node['name']} would go to {node['schema']}"
    for source in snowflake_target["sources"].values():
        if source["schema"].upper() != "CORE":
            yield f"in Snowflake {source['name']} would be read from {source['schema']}"
    for node in models(duckdb_target):
        if not node["schema"].endswith("_marts"):
            yield f"in DuckDB {node['name']} would go to {node['schema']}"


def models(manifest):
    """The marts; the days that dbt's semantic layer counts along are dbt's alone."""
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model" and "marts" in node["fqn"]]


def columns(connection, relation):
    return [(name, kind) for name, kind, *_ in rows(connection, f"describe {relation}")]


def rows(connection, sql):
    return connection.execute(sql).fetchall()


main()
