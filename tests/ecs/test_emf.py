"""The lines of the embedded metric format that the task's runs write: by AWS's published JSON schema (emf.schema.json), by what its
specification says beyond that, and read back from CloudWatch Logs. moto keeps such lines and makes no metrics of them, so what
CloudWatch would make of them is worked out here.
"""

import copy
import datetime
import json
import pathlib
import subprocess

import jsonschema
import pytest
from conftest import DOUBLES, snowtrack
from stack import Stack
from test_policies import playlist_with_long_names
from test_stack import METRICS, of_type

SCHEMA = jsonschema.Draft7Validator(json.loads(pathlib.Path(__file__).with_name("emf.schema.json").read_text()))
TABLES = "albums artists genres playlist_songs playlists song_artists song_observations songs".split()
#: The night's second file of songs has a value that was changed on its way.
FAULTS = """
[[load]]
key = "raw/songs/"
nth = 2
fault = "corrupt_value"
"""


def settings(machine, **more):
    return {"SNOWTRACK_DATA_DIR": machine, "SNOWTRACK_METRICS": "emf", "SNOWTRACK_METRICS_NAMESPACE": "snowtrack", **more}


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Real runs as the task makes them, by what became of them: exit code, report, lines of standard error."""
    folder = tmp_path_factory.mktemp("emf")
    found = {}

    def run(name, environment, *arguments):
        code, out, err = snowtrack(folder, environment, "--log-format", "json", "--json", *arguments)
        found[name] = (code, json.loads(out) if out.startswith("{") else {}, err.splitlines())

    (folder / "faults.toml").write_text(FAULTS)
    doubles = subprocess.Popen([DOUBLES, "all", "--script", folder / "faults.toml"], stdout=subprocess.PIPE, text=True)
    try:
        addresses = json.loads(doubles.stdout.readline())
        known, lake = addresses["snowflake"], addresses["s3"]
        bucket = {
            "S3_BUCKET": lake["bucket"], "AWS_ENDPOINT_URL": lake["url"], "AWS_REGION": lake["region"],
            "AWS_ACCESS_KEY_ID": lake["access_key_id"], "AWS_SECRET_ACCESS_KEY": lake["secret_access_key"],
        }
        account = settings(
            "night", SNOWFLAKE_URL=known["url"], SNOWFLAKE_ACCOUNT=known["account"], SNOWFLAKE_USER=known["user"],
            SNOWFLAKE_ROLE=known["role"], SNOWFLAKE_WAREHOUSE=known["warehouse"], SNOWFLAKE_TOKEN=known["token"],
            SNOWFLAKE_TOKEN_TYPE="PAT", SNOWFLAKE_INGEST="copy", **bucket,
        )
        role = Stack().outputs["SnowflakeRoleArn"]
        run("setup", account, "snowflake", "apply", "--as-role", "ACCOUNTADMIN", "--aws-role-arn", role)
        run("news", account, "run", "--demo")
        run("mismatch", account, "run", "--demo")
        elsewhere = {"SNOWTRACK_DATA_DIR": "elsewhere", "S3_PREFIX": "elsewhere/", "SNOWFLAKE_WAREHOUSE": "NO_SUCH_WH"}
        run("no warehouse", {**account, **elsewhere}, "run", "--demo")
    finally:
        doubles.terminate()
        doubles.wait()
    for _ in range(3):
        run("quiet", settings("alone"), "run", "--demo")
    document = playlist_with_long_names()
    document["tracks"].update(items=document["tracks"]["items"][:1], total=1, limit=1)
    document["tracks"]["items"][0]["track"]["name"] = None
    (folder / "in").mkdir()
    (folder / "in/playlist.json").write_text(json.dumps(document))
    run("refused", settings("refused"), "run", "--from-dir", "in")
    run("nothing began", settings("empty"), "run", "--playlist", "no id")
    return found


#: What each of them ends with.
ENDS = {"news": 0, "quiet": 0, "refused": 4, "no warehouse": 6, "mismatch": 7}


def extracted(lines):
    """What CloudWatch makes of a log: the value of each metric, by its name and its dimensions."""
    found = {}
    for document in lines:
        [directive] = document["_aws"]["CloudWatchMetrics"]
        assert set(document["_aws"]) == {"Timestamp", "CloudWatchMetrics"}
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"} and len(directive["Metrics"]) <= 100
        for keys in directive["Dimensions"]:
            dimensions = tuple((key, document[key]) for key in keys)
            for _, value in dimensions:
                # As of a Dimension of CloudWatch's API.
                assert value.isascii() and value.strip() and len(value) <= 1024 and not value.startswith(":")
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                assert isinstance(value, (int, float)) and not isinstance(value, bool)
                assert (directive["Namespace"], metric["Name"], dimensions) not in found
                found[directive["Namespace"], metric["Name"], dimensions] = value
    return found


@pytest.mark.parametrize("name", ENDS)
def test_each_line_of_a_run_is_valid_and_what_comes_back_from_the_log_is_the_reports(aws, runs, name):
    code, report, lines = runs[name]
    assert code == ENDS[name], lines[-1]
    # The driver makes an event of each line; nothing may stand before or behind a document.
    documents = [json.loads(line) for line in lines]
    assert len([one for one in documents if "_aws" in one]) == 25
    at = int(datetime.datetime.now().timestamp() * 1000)
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/ecs/snowtrack")
    logs.create_log_stream(logGroupName="/ecs/snowtrack", logStreamName="run/snowtrack/1")
    logs.put_log_events(
        logGroupName="/ecs/snowtrack", logStreamName="run/snowtrack/1", logEvents=[{"timestamp": at, "message": line} for line in lines]
    )
    events = logs.get_log_events(logGroupName="/ecs/snowtrack", logStreamName="run/snowtrack/1", startFromHead=True)["events"]
    assert [event["message"] for event in events] == lines
    told = [json.loads(event["message"]) for event in events if '"_aws":' in event["message"]]
    assert len(told) == 25
    for document in told:
        assert [error.message for error in SCHEMA.iter_errors(document)] == []
        assert abs(document["_aws"]["Timestamp"] - at) < 24 * 3600 * 1000
        assert document["run_id"] == report["run_id"] and document["status"] == report["status"]

    found = extracted(told)
    def total(metric):
        return found["snowtrack", metric, ()]
    assert {metric for _, metric, dimensions in found if not dimensions} == set(METRICS)
    files = report["files"]
    assert total("RowsShipped") == sum(file["row_count"] for file in files)
    assert total("RowsVerified") == sum(file["row_count"] for file in files if file["state"] == "verified")
    for metric, state in [("FilesVerified", "verified"), ("FilesMismatched", "mismatch"), ("FilesFailed", "failed")]:
        assert total(metric) == len([file for file in files if file["state"] == state]), metric
    failures = [check for check in report["checks"] if check["status"] == "fail" and check["severity"] == "error"]
    assert total("ChecksFailed") == len(failures) and bool(failures) == (name == "refused")
    assert total("SpotifyCalls") == report["spotify"]["call_count"]
    for table in TABLES:
        rows = sum(file["row_count"] for file in files if file["table"] == table)
        assert found["snowtrack", "RowsShipped", (("table", table),)] == rows
    assert (name == "quiet") == (report["status"] == "unchanged")


def test_every_alarm_and_widget_of_ours_finds_its_metric_in_the_lines_of_a_run(stack, runs):
    found = extracted([json.loads(line) for line in runs["news"][2] if '"_aws":' in line])
    [own] = [one["MetricTransformations"][0]["MetricName"] for one in of_type(stack, "AWS::Logs::MetricFilter").values()]
    asked = set()
    for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values():
        dimensions = tuple((one["Name"], one["Value"]) for one in alarm.get("Dimensions", []))
        asked.add((alarm["Namespace"], alarm["MetricName"], dimensions))
    [dashboard] = of_type(stack, "AWS::CloudWatch::Dashboard").values()
    for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
        namespace = None
        for metric in widget["properties"].get("metrics", []):
            words = [word for word in metric if isinstance(word, str)]
            namespace = namespace if words[0] == "." else words[0]
            asked.add((namespace, words[1], tuple(zip(words[2::2], words[3::2]))))
    ours = {one for one in asked if one[0] == "snowtrack" and one[1] != own}
    assert 8 <= len(ours) and ours <= set(found)


def test_a_run_that_could_not_begin_has_no_metrics(runs):
    code, _, lines = runs["nothing began"]
    assert code == 2 and not [line for line in lines if "_aws" in line]


BROKEN = {
    "a unit of another name": lambda directive: directive["Metrics"][0].update(Unit="Items"),
    "a metric without a name": lambda directive: directive["Metrics"][0].pop("Name"),
    "no set of dimensions": lambda directive: directive.update(Dimensions=[]),
    "a dimension that is no set": lambda directive: directive.update(Dimensions=["table"]),
    "31 dimensions": lambda directive: directive.update(Dimensions=[[str(number) for number in range(31)]]),
    "an empty namespace": lambda directive: directive.update(Namespace=""),
    "no metrics": lambda directive: directive.pop("Metrics"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_schema_refuses(runs, name):
    line = next(line for line in runs["news"][2] if '"_aws":' in line)
    document = json.loads(line)
    assert SCHEMA.is_valid(document)
    broken = copy.deepcopy(document)
    BROKEN[name](broken["_aws"]["CloudWatchMetrics"][0])
    assert not SCHEMA.is_valid(broken)
    broken = copy.deepcopy(document)
    broken["_aws"]["Timestamp"] = "2026-12-01T00:00:00Z"
    assert not SCHEMA.is_valid(broken)
