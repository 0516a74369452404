"""What `make generate` wrote, as programs that others wrote read it: LookML by lkml, dashboards by YAML, verified queries by sqlglot.

    check.py [ROOT]

Habits are those of the linter LAMS: one hidden primary key a view, first; labels of at most 25 characters; a description on whatever
is shown; joins on keys, many to one or one to one; `persist_with` on each explore.
"""

import re
import sys
from pathlib import Path

import lkml
import sqlglot
import yaml
from sqlglot import exp

FIELDS = ("dimensions", "dimension_groups", "measures", "filters", "parameters")
DASHBOARDS = {"Music Trends", "Artist Analytics", "Playlist Insights", "Genre Analysis"}
CLAUSES = ["tables", "relationships", "facts", "dimensions", "metrics", "comment", "ai_verified_queries"]


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    looker = root / "integrations/looker"
    parsed = {path: lkml.load(path.read_text()) for path in sorted(looker.rglob("*.lkml"))}
    problems = []
    if len(parsed) < 8:
        problems.append(f"{len(parsed)} files of LookML are too few")
    for path, content in parsed.items():
        if lkml.load(lkml.dump(content)) != content:
            problems.append(f"{path.name}: written again it is something else")
    views = {view["name"]: view for content in parsed.values() for view in content.get("views", [])}
    explores = [explore for content in parsed.values() for explore in content.get("explores", [])]
    fields = {name: set(fields_of(view)) for name, view in views.items()}
    constants = {it["name"] for content in parsed.values() for it in content.get("constants", [])}
    groups = {it["name"] for content in parsed.values() for it in content.get("datagroups", [])}
    for view in views.values():
        problems += check_view(view, constants)
    for explore in explores:
        problems += check_explore(explore, fields, groups)
    problems += check_dashboards(looker, fields, {explore["name"]: explore for explore in explores})
    statement = (root / "sql/snowflake/semantic/spotify.sql").read_text()
    problems += check_semantic_view(statement)
    for problem in problems:
        print(f"looker: {problem}", file=sys.stderr)
    print(f"looker: {len(views)} views, {len(explores)} explores, {sum(map(len, fields.values()))} fields, as they should be")
    sys.exit(1 if problems else 0)


def fields_of(view):
    for kind in FIELDS:
        for field in view.get(kind, []):
            if kind == "dimension_groups":
                yield from (f'{field["name"]}_{timeframe}' for timeframe in field["timeframes"])
            else:
                yield field["name"]


def check_view(view, constants):
    name = view["name"]
    table = re.fullmatch(r"@\{(\w+)\}\.(\w+)", view["sql_table_name"].strip())
    if not table or table[1] not in constants or table[2] != name:
        yield f'{name}: its table is {view["sql_table_name"]}'
    dimensions = view.get("dimensions", [])
    keys = [field["name"] for field in dimensions if field.get("primary_key") == "yes"]
    if keys != [dimensions[0]["name"]] or dimensions[0].get("hidden") != "yes":
        yield f"{name}: its primary key is {keys}, and should be one, first and hidden"
    labels = [view.get("label", "")]
    for kind in FIELDS:
        for field in view.get(kind, []):
            labels.append(field.get("label", ""))
            if field.get("hidden") != "yes" and len(field.get("description", "").split()) < 2:
                yield f'{name}.{field["name"]}: shown without a description'
    yield from (f"{name}: the label `{label}` is too long" for label in labels if len(label) > 25)
    names = list(fields_of(view))
    yield from (f"{name}.{field}: there twice" for field in set(names) if names.count(field) > 1)
    for inner in re.findall(r"\$\{(\w+)\}", str(view)):
        if inner != "TABLE" and inner not in names:
            yield f"{name}: no field {inner}"


def check_explore(explore, fields, groups):
    name = explore["name"]
    if name not in fields:
        yield f"{name}: no view is called so"
    if explore.get("persist_with") not in groups:
        yield f"{name}: no datagroup renews it"
    for join in explore.get("joins", []):
        if join.get("relationship") not in ("many_to_one", "one_to_one") or "sql_on" not in join:
            yield f'{name}: joins {join["name"]} otherwise than many to one'
        used = re.findall(r"\$\{(\w+)\.(\w+)\}", join.get("sql_on", ""))
        known = {name, *(it["name"] for it in explore["joins"])}
        for view, field in used:
            if view not in known or field not in fields.get(view, ()):
                yield f"{name}: no field {view}.{field}"
        if not any(view == join["name"] and field.startswith("pk") for view, field in used):
            yield f'{name}: joins {join["name"]} on something else than its key'


def check_dashboards(looker, fields, explores):
    titles, texts = set(), ""
    for path in sorted(looker.glob("dashboards/*.dashboard.lookml")):
        text = path.read_text()
        texts += text
        for dashboard in yaml.safe_load(text):
            titles.add(dashboard["title"])
            for element in dashboard["elements"]:
                if element["type"] == "text":
                    continue
                explore = explores.get(element["explore"])
                if not explore:
                    yield f'{path.name}: no explore {element["explore"]}'
                    continue
                views = {explore["name"], *(join["name"] for join in explore.get("joins", []))}
                sorts = [sort.split()[0] for sort in element.get("sorts", [])]
                for field in [*element["fields"], *element.get("pivots", []), *sorts]:
                    view, name = field.split(".")
                    if view not in views or name not in fields[view]:
                        yield f"{path.name}: {field} is no field of {explore['name']}"
                if not set(sorts) | set(element.get("pivots", [])) <= set(element["fields"]):
                    yield f'{path.name}: `{element["title"]}` sorts or pivots what it does not show'
    if titles != DASHBOARDS:
        yield f"the dashboards are {sorted(titles)}"
    if "Spotify gave none" not in texts:
        yield "no dashboard says that Spotify gave none"


def check_semantic_view(statement):
    """Neither sqlfluff nor sqlglot parses the statement: its clauses are looked at by themselves, its queries parsed."""
    body = re.sub(r"^--.*\n", "", statement, flags=re.M)
    masked = re.sub(r"'(?:[^']|'')*'", lambda text: "'" + "x" * (len(text[0]) - 2) + "'", body)
    if not re.match(r"create or replace semantic view marts\.spotify\n", body) or not body.endswith(");\n"):
        yield "the statement does not begin or end as it should"
    if masked.count("(") != masked.count(")"):
        yield "the statement's brackets do not match"
    found = re.findall(r"^(\w+) [(=]", masked, flags=re.M)
    if found != CLAUSES:
        yield f"the statement's clauses are {found}"
    tables, columns, metrics = {}, set(), 0
    for clause, entries in re.findall(r"^(\w+) \((.*?)^\)", masked, flags=re.M | re.S):
        for line in (line.strip() for line in entries.splitlines() if re.match(r"    \w", line)):
            if clause == "tables":
                tables[line.split(" as ")[0]] = line
            elif clause == "relationships":
                _, source, target = re.fullmatch(r"(\w+) as (\w+) \(\w+\) references (\w+),?", line).groups()
                if not {source, target} <= set(tables):
                    yield f"no table of {line}"
            elif clause in ("facts", "dimensions", "metrics"):
                entry = re.fullmatch(r"(\w+)\.(\w+) as (.+?)(?: with synonyms \('x+'\))?(?: comment = 'x+')?,?", line)
                if not entry or entry[1] not in tables:
                    yield f"{clause}: {line}"
                    continue
                sqlglot.parse_one(f"select {entry[3]} from {entry[1]}", dialect="snowflake")
                metrics += clause == "metrics"
                columns.add((entry[1], entry[2]))
    names = {column for _, column in columns}
    queries = re.findall(r"    (\w+) as \(\n        question '(?:[^']|'')*'\n        sql '((?:[^']|'')*)'", body)
    if len(queries) < 10 or metrics < 10:
        yield f"{len(queries)} verified queries, {metrics} metrics"
    for name, text in queries:
        query = sqlglot.parse_one(text.replace("''", "'"), dialect="snowflake")
        inner = {it.alias_or_name for it in query.find_all(exp.CTE)}
        for table in query.find_all(exp.Table):
            if table.db or table.name not in {*tables, *inner}:
                yield f"{name}: no table {table}"
        made = {it.alias for it in query.find_all(exp.Alias)}
        for column in query.find_all(exp.Column):
            if column.name not in {*names, *made}:
                yield f"{name}: no column {column}"
    print(f"looker: a semantic view of {len(tables)} tables, {metrics} metrics, {len(queries)} verified queries")


main()
