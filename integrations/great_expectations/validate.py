#!/usr/bin/env python3
"""Validates the data quality of snowtrack's lake with Great Expectations, and renders its data docs.

    validate.py [LAKE] [--docs DIR] [--json]      LAKE is the folder with the prefix in it: data/lake/spotify-data by default

The union of all files (Parquet, or CSV) is read by DuckDB into pandas; of each key the newest row counts. Exit 0: every check of severity
error passed; 4: one did not, as `snowtrack check`. Nothing is changed.
"""

import argparse
import datetime
import json
import logging
import os
import pathlib
import sys
import warnings

# It neither asks nor tells anybody.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import duckdb  # noqa: E402
import great_expectations as gx  # noqa: E402
import great_expectations.expectations as gxe  # noqa: E402
from great_expectations.core.metric_domain_types import MetricDomainTypes  # noqa: E402
from great_expectations.execution_engine import PandasExecutionEngine  # noqa: E402
from great_expectations.expectations.expectation import BatchExpectation  # noqa: E402
from great_expectations.expectations.metrics.metric_provider import metric_value  # noqa: E402
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider  # noqa: E402
from great_expectations.render import RenderedStringTemplateContent  # noqa: E402
from great_expectations.expectations.expectation import render_suite_parameter_string  # noqa: E402
from great_expectations.render.renderer.renderer import renderer  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SUITE = json.loads((HERE / "suite.json").read_text())
TECHNICAL = {"run_id": "varchar", "extracted_at": "timestamp", "row_hash": "decimal(20, 0)"}
SEVERITY = {"error": "critical", "warn": "warning"}


class Lake:
    """All rows that were ever shipped, and the newest of each key, as DuckDB and as pandas have them."""

    #: Where the custom expectation asks; it is handed one table alone, and most of its checks join several.
    open = None

    def __init__(self, folder):
        self.connection = duckdb.connect()
        self.connection.execute("create schema core; create schema staging; create schema files")
        for table, shape in SUITE["tables"].items():
            self.read(folder / "raw" / table, table, {**shape["columns"], **TECHNICAL}, shape["key"])
        for macro in SUITE["macros"]:
            self.connection.execute(macro)
        newest = " union all ".join(f"select max(extracted_at) as started_at from core.{table}" for table in SUITE["tables"])
        # The start of the last run, which the checks measure times against.
        self.connection.execute(f"set variable extracted_at = (select max(started_at) from ({newest}))")
        Lake.open = self

    def read(self, folder, table, columns, key):
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self.connection.execute(f"create table files.{table} ({listed})")
        kinds = {name: kind for name, kind in columns.items()}
        for ending, how in (
            ("parquet", "read_parquet($files, union_by_name = true, hive_partitioning = false)"),
            ("csv.gz", f"read_csv($files, columns = {kinds}, header = true, nullstr = '', allow_quoted_nulls = false, hive_partitioning = false)"),
        ):
            files = sorted(str(file) for file in folder.rglob(f"*.{ending}"))
            if files:
                names = ", ".join(f'"{name}"' for name in columns)
                self.connection.execute(f"insert into files.{table} select {names} from {how}", {"files": files})
        newest = f"qualify row_number() over (partition by {', '.join(key)} order by extracted_at desc, run_id desc) = 1"
        self.connection.execute(f"create table core.{table} as from files.{table} {newest}")
        self.connection.execute(f"create view staging.unshipped_{table} as from core.{table}")

    def frame(self, table, rows):
        return self.connection.sql(f"from {'files' if rows == 'all' else 'core'}.{table}").df()

    def offending(self, sql):
        """How many rows a check finds, and the first of them."""
        found = self.connection.sql(sql.strip().rstrip(";"))
        examples = [dict(zip(found.columns, map(str, row))) for row in found.limit(5).fetchall()]
        [(count,)] = self.connection.sql(f"select count(*) from ({sql.strip().rstrip(';')})").fetchall()
        return {"offending_row_count": count, "examples": examples}


class OffendingRows(TableMetricProvider):
    """What the SQL of a check finds, in the lake that is open."""

    metric_name = "table.duckdb_check"
    value_keys = ("sql",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(cls, execution_engine, metric_domain_kwargs, metric_value_kwargs, metrics, runtime_configuration):
        # The batch is one of the tables that the SQL reads; that it is there is all that is asked of it.
        execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        return Lake.open.offending(metric_value_kwargs["sql"])


class ExpectNoRowsFromDuckdbCheck(BatchExpectation):
    """Expect that the SQL of one of snowtrack's checks finds no row."""

    sql: str

    metric_dependencies = ("table.duckdb_check",)
    success_keys = ("sql",)

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        found = metrics["table.duckdb_check"]
        return {"success": found["offending_row_count"] == 0, "result": {"observed_value": found["offending_row_count"], "details": found}}

    @classmethod
    @renderer(renderer_type="renderer.prescriptive")
    @render_suite_parameter_string
    def _prescriptive_renderer(cls, configuration=None, result=None, runtime_configuration=None, **kwargs):
        meta = (configuration or result.expectation_config).meta or {}
        template = {"template": "No row offends $check: $why", "params": {"check": meta.get("check"), "why": meta.get("why")}}
        return [RenderedStringTemplateContent(content_block_type="string_template", string_template=template)]


def expectation(entry):
    arguments = {name: value for name, value in entry.items() if name not in ("table", "rows", "check", "severity", "why", "type")}
    kind = "".join(word.capitalize() for word in entry["type"].split("_"))
    made = ExpectNoRowsFromDuckdbCheck if kind == "ExpectNoRowsFromDuckdbCheck" else getattr(gxe, kind)
    meta = {name: entry[name] for name in ("check", "severity", "why")}
    notes = f"{entry['check']}: {entry['why']}"
    return made(**arguments, severity=SEVERITY[entry["severity"]], meta=meta, notes=notes)


def validate(lake, docs):
    """Runs the suite: one validation a table, results by check."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    if docs:
        context.add_data_docs_site(
            site_name="snowtrack",
            site_config={
                "class_name": "SiteBuilder", "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
            },
        )
    source = context.data_sources.add_pandas("lake")
    checks = {}
    for table in SUITE["tables"]:
        for rows in ("newest", "all"):
            entries = [one for one in SUITE["expectations"] if (one["table"], one["rows"]) == (table, rows)]
            if not entries:
                continue
            name = table if rows == "newest" else f"{table} (all rows)"
            frame = lake.frame(table, rows)
            suite = context.suites.add(gx.ExpectationSuite(name, expectations=[expectation(one) for one in entries]))
            batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
            definition = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
            now = datetime.datetime.now(datetime.timezone.utc)
            identifier = gx.core.run_identifier.RunIdentifier(run_name=f"{now:%Y%m%d-%H%M%S}", run_time=now)
            ran = definition.run(batch_parameters={"dataframe": frame}, run_id=identifier)
            for result in ran.results:
                meta = result.expectation_config.meta
                trouble = [one for one in (result.exception_info or {}).values() if isinstance(one, dict) and one.get("raised_exception")]
                if trouble or (result.exception_info or {}).get("raised_exception") is True:
                    raise RuntimeError(f"{meta['check']} could not be asked: {result.exception_info}")
                known = checks.setdefault(meta["check"], {"check": meta["check"], "severity": meta["severity"], "status": "pass"})
                if not result.success:
                    known["status"] = "fail"
                    found = result.result
                    count = found.get("unexpected_count", found.get("observed_value"))
                    known["offending_row_count"] = known.get("offending_row_count", 0) + count
    if docs:
        context.build_data_docs()
    return [checks[name] for name in sorted(checks)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lake", nargs="?", type=pathlib.Path, default=pathlib.Path("data/lake/spotify-data"))
    parser.add_argument("--docs", type=pathlib.Path, help="write Great Expectations' data docs into this folder")
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    arguments = parser.parse_args()
    if not (arguments.lake / "raw").is_dir():
        sys.exit(f"`{arguments.lake}` has no folder `raw`: name the lake's folder with its prefix")
    checks = validate(Lake(arguments.lake), arguments.docs)
    failed = [one for one in checks if one["status"] == "fail"]
    refused = [one for one in failed if one["severity"] == "error"]
    if arguments.json:
        print(json.dumps({"success": not refused, "checks": checks, "not_possible": SUITE["not_possible"]}, indent=1))
    else:
        for one in failed:
            print(f"{one['severity']:<5}  {one['check']}: {one['offending_row_count']} row(s)")
        print(f"{len(checks) - len(failed)} of {len(checks)} checks passed; {len(SUITE['not_possible'])} cannot be asked of files (README)")
        if arguments.docs:
            print(f"data docs: {arguments.docs.resolve() / 'index.html'}")
    sys.exit(4 if refused else 0)


if __name__ == "__main__":
    main()
