#!/usr/bin/env python3
"""Writes suite.json from sql/duckdb: the headers of the checks say what each is about, schema/030_core.sql what a table is.

    integrations/great_expectations/generate.py           writes it
    integrations/great_expectations/generate.py --check   exit 1 where it is not what would be written

Needs Python alone. A check becomes expectations of Great Expectations' own vocabulary where IN_THEIR_WORDS has its rule; otherwise its
own SQL, which the custom expectation runs; and where it looks at what is not in the lake, an entry of `not_possible` with the reason.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
SQL = HERE.parents[1] / "sql" / "duckdb"
SUITE = HERE / "suite.json"

#: What a check reads that no file of the lake holds. The first that matches is the reason.
ELSEWHERE = [
    (r"\braw\.|staging\.pending_|staging\.playlist_frames", "it looks at raw documents, which are not in the lake's tables"),
    (r"\bmeta\.\w*count|staging\.\w*before|meta\.table_counts|has_not_collapsed", "it compares with earlier runs, which the ledger remembers"),
    (r"\bmeta\.|staging\.checked_reads|staging\.snapshot_counts", "it looks at the ledger: which reads were complete, and what they announced"),
]


def regex(column, pattern):
    return {"type": "expect_column_values_to_match_regex", "column": column, "regex": pattern}


def not_null(column):
    return {"type": "expect_column_values_to_not_be_null", "column": column}


def between(column, **bounds):
    return {"type": "expect_column_values_to_be_between", "column": column, **bounds}


KINDS = {"albums": "album", "artists": "artist", "songs": "track"}
ID = r"[0-9A-Za-z]{22}"

#: Rules by the second half of a check's name. Theirs pass over NULL, as SQL's comparisons do.
IN_THEIR_WORDS = {
    "id_is_well_formed": lambda table: [regex("id", rf"(?s)^(?:{ID}" + (r"|liked|liked:.*" if table["name"] == "playlists" else "") + r")\Z")],
    "name_is_not_null": lambda table: [not_null("name")],
    "name_is_not_empty": lambda table: [regex("name", r"(?s)^.")],
    "name_is_known": lambda table: [not_null("name"), regex("name", r"(?s)^.")],
    "url_is_well_formed": lambda table: [
        *([not_null("url")] if table["name"] in KINDS else []),
        regex("url", r"^https://open\.spotify\.com/" + (KINDS[table["name"]] + "/" if table["name"] in KINDS else "")),
    ],
    "artist_is_known": lambda table: [not_null("artist_ids")],
    "album_is_known": lambda table: [not_null("album_id")],
    "popularity_is_0_to_100": lambda table: [between("popularity", min_value=0, max_value=100)],
    "total_tracks_is_positive": lambda table: [between("total_tracks", min_value=1)],
    "item_kind_is_known": lambda table: [
        {"type": "expect_column_values_to_be_in_set", "column": "item_kind", "value_set": ["track", "episode", "local", "removed"]}
    ],
    "key_is_not_null": lambda table: [not_null(column) for column in table["key"]],
}

#: Of these the newest row per key cannot say anything: they are about all rows of the files.
OF_ALL_ROWS = {
    # A landing table only grows: the same key comes again with a later run, and never twice with one.
    "key_is_unique": lambda table: [
        {"type": "expect_compound_columns_to_be_unique", "column_list": [*table["key"], "run_id"], "ignore_row_if": "never"}
    ],
}


def tables():
    text = (SQL / "schema" / "030_core.sql").read_text()
    found = re.findall(r"-- key: ([^\n]+)\n(?:-- group: [^\n]+\n)?create table if not exists core\.(\w+) \([^\n]*\n(.*?)\n\);", text, re.DOTALL)
    made = []
    for key, name, body in found:
        columns = re.findall(r"^\s+(\w+)\s+(varchar|integer|date|timestamp|boolean|decimal)", body, re.MULTILINE)
        assert [column for column, _ in columns[-3:]] == ["run_id", "extracted_at", "row_hash"], name
        made.append({"name": name, "key": key.split(", "), "columns": columns[:-3]})
    assert len(made) == 8, made
    return made


def filled(text, table):
    """A template's names, as src/warehouse/sql_files.rs fills them in."""
    return (
        text.replace("{table}", table["name"])
        .replace("{key}", ", ".join(table["key"]))
        .replace("{key_is_null}", " or ".join(f"{column} is null" for column in table["key"]))
        .replace("{columns}", ", ".join(f'"{column}"' for column, _ in table["columns"]))
    )


def checks(shapes):
    files = {file.stem: file.read_text() for file in sorted((SQL / "checks").glob("*.sql"))}
    by_name = {}
    for stem, text in files.items():
        header = dict(re.findall(r"^-- (severity|why|table): (.*)$", text, re.MULTILINE))
        body = "\n".join(line for line in text.splitlines() if not re.match(r"-- (severity|why|row|table): ", line))
        for table in shapes:
            if stem.startswith("each_table__"):
                name = f"{table['name']}__{stem.removeprefix('each_table__')}"
                if name in files:
                    continue
            elif header["table"] == table["name"]:
                name = stem
            else:
                continue
            by_name[name] = {**header, "name": name, "table": table, "sql": filled(body, table).strip()}
    return [by_name[name] for name in sorted(by_name)] + of_no_table(files, by_name)


def of_no_table(files, by_name):
    """Checks whose header names a template's table or several."""
    left = [stem for stem in files if stem not in by_name and not stem.startswith("each_table__")]
    return [
        {**dict(re.findall(r"^-- (severity|why|table): (.*)$", files[stem], re.MULTILINE)), "name": stem, "table": None, "sql": files[stem]}
        for stem in sorted(left)
    ]


def macros(shapes, used):
    """What the checks' SQL calls, as sql/duckdb defines it, in the order of definition."""
    texts = [(SQL / "schema" / name).read_text() for name in ("040_macros.sql", "050_staging.sql")]
    defined = {}
    for text in texts:
        each, rest = re.findall(r"-- each table\n(.*?)-- end", text, re.DOTALL), re.sub(r"-- each table\n.*?-- end", "", text, flags=re.DOTALL)
        for table in shapes:
            for block in each:
                block = filled(block, table).replace("{parameters}", ", ".join(f'"{column}"' for column, _ in table["columns"])).replace(
                    "{column_texts}", ", ".join(
                        f'staging.{"hash_time" if kind == "timestamp" else "hash_text"}("{column}")' for column, kind in table["columns"]))
                rest += block
        for statement in re.findall(r"create or replace macro staging\.\w+\(.*?;", rest, re.DOTALL):
            defined[re.match(r"create or replace macro staging\.(\w+)", statement).group(1)] = statement
    wanted, todo = set(), set(re.findall(r"staging\.(\w+)\(", used))
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo |= {one for one in re.findall(r"staging\.(\w+)\(", defined[name])} - {name}
    order = list(defined)
    # A macro is looked up when it is used, but for one that is defined with a table.
    return [defined[name] for name in sorted(wanted, key=order.index)]


def suite():
    shapes = tables()
    expectations, not_possible, used = [], [], ""
    for check in checks(shapes):
        about = {"check": check["name"], "severity": check["severity"], "why": check["why"]}
        rule = check["name"].split("__")[1]
        reason = next((why for pattern, why in ELSEWHERE if re.search(pattern, check["sql"] + rule)), None)
        if reason:
            not_possible.append({**about, "reason": reason})
            continue
        table = check["table"]
        if rule in OF_ALL_ROWS:
            made, rows = OF_ALL_ROWS[rule](table), "all"
        elif rule in IN_THEIR_WORDS:
            made, rows = IN_THEIR_WORDS[rule](table), "newest"
        else:
            made, rows = [{"type": "expect_no_rows_from_duckdb_check", "sql": check["sql"]}], "newest"
            used += check["sql"]
        expectations += [{"table": table["name"], "rows": rows, **about, **one} for one in made]
    return {
        "made_by": "integrations/great_expectations/generate.py, from sql/duckdb; do not edit",
        "tables": {table["name"]: {"key": table["key"], "columns": dict(table["columns"])} for table in shapes},
        "macros": macros(shapes, used),
        "expectations": expectations,
        "not_possible": not_possible,
    }


def main():
    text = json.dumps(suite(), indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        if not SUITE.exists() or SUITE.read_text() != text:
            sys.exit(f"{SUITE} is not what sql/duckdb makes it: run {pathlib.Path(__file__).name}")
    else:
        SUITE.write_text(text)


if __name__ == "__main__":
    main()
