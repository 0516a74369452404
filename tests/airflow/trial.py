"""The DAG in a real Airflow, `dags test` and all, with the real binary and its doubles.

    trial.py SNOWTRACK DOUBLES FOLDER

Airflow is the one that this Python belongs to; its home is FOLDER, with a database of its own.
"""

import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAGS = ROOT / "integrations" / "airflow"
AIRFLOW = pathlib.Path(sys.executable).parent / "airflow"
snowtrack, doubles = (pathlib.Path(one).resolve() for one in sys.argv[1:3])
home = pathlib.Path(sys.argv[3]).resolve()

BASE = {
    "PATH": f"{AIRFLOW.parent}:/usr/bin:/bin", "HOME": str(home), "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db", "LC_ALL": "C.UTF-8",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1",
    "AIRFLOW_SNOWTRACK_COMMAND": str(snowtrack), "AIRFLOW_SNOWTRACK_SCHEDULE": "none",
}


def airflow(*arguments, cwd=None, **more):
    done = subprocess.run([AIRFLOW, *arguments], env={**BASE, **more}, cwd=cwd or home, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


def test_dag(name, arguments, **more):
    """`dags test` in a folder of its own: the exit code, what it said, and each task's state."""
    folder = home / name
    folder.mkdir()
    code, said = airflow("dags", "test", "snowtrack", cwd=folder, AIRFLOW_SNOWTRACK_ARGUMENTS=arguments, **more)
    (home / f"{name}.log").write_text(said)
    with sqlite3.connect(home / "airflow.db") as database:
        [(run,)] = database.execute("select run_id from dag_run order by id desc limit 1")
        tasks = {task: (state, tries) for task, state, tries in database.execute(
            "select task_id, state, try_number from task_instance where run_id = ?", [run])}
        assets = sorted(found for (found,) in database.execute(
            "select asset.name from asset_event join asset on asset.id = asset_event.asset_id where source_run_id = ?", [run]))
    print(f"{name}: {tasks['run']}, {len(assets)} assets")
    return said, tasks, assets


class Double:
    """Spotify, Snowflake and S3, set up, with these faults."""

    def __init__(self, name, faults=""):
        self.folder = home / f"{name}-double"
        self.folder.mkdir()
        (self.folder / "faults.toml").write_text(faults)
        self.process = subprocess.Popen([doubles, "all", "--script", self.folder / "faults.toml"], stdout=subprocess.PIPE, text=True)
        known = json.loads(self.process.stdout.readline())
        spotify, snowflake, s3 = known["spotify"], known["snowflake"], known["s3"]
        self.environment = {
            "SPOTIFY_API_URL": spotify["api_url"], "SPOTIFY_ACCOUNTS_URL": spotify["accounts_url"], "SPOTIFY_CLIENT_ID": spotify["client_id"],
            "SPOTIFY_CLIENT_SECRET": spotify["client_secret"], "SPOTIFY_REFRESH_TOKEN": spotify["refresh_token"],
            "SPOTIFY_PLAYLIST_IDS": spotify["playlist_ids"][0],
            "SNOWFLAKE_URL": snowflake["url"], "SNOWFLAKE_ACCOUNT": snowflake["account"], "SNOWFLAKE_USER": snowflake["user"],
            "SNOWFLAKE_ROLE": snowflake["role"], "SNOWFLAKE_WAREHOUSE": snowflake["warehouse"], "SNOWFLAKE_TOKEN": snowflake["token"],
            "SNOWFLAKE_TOKEN_TYPE": "PAT", "SNOWFLAKE_INGEST": "copy", "S3_BUCKET": s3["bucket"], "AWS_ENDPOINT_URL": s3["url"],
            "AWS_REGION": s3["region"], "AWS_ACCESS_KEY_ID": s3["access_key_id"], "AWS_SECRET_ACCESS_KEY": s3["secret_access_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        subprocess.run(
            [snowtrack, "snowflake", "apply", "--as-role", "ACCOUNTADMIN", "--aws-role-arn", "arn:aws:iam::123456789012:role/snowflake"],
            cwd=self.folder, env=self.environment, check=True, capture_output=True)

    def __enter__(self):
        return self.environment

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def the_bag_has_no_error():
    code = """
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=FOLDER)
assert not bag.import_errors, bag.import_errors
dag = bag.dags["snowtrack"]
assert type(dag.get_task("run")).__name__ == WANTED, type(dag.get_task("run"))
assert len(dag.tasks) == 9 and dag.get_task("run").downstream_task_ids == {task.task_id for task in dag.tasks} - {"run"}
assert sorted(outlet.name for task in dag.tasks for outlet in task.outlets) == sorted("snowtrack_" + task for task in dag.get_task("run").downstream_task_ids)
"""
    for mode, wanted in (("local", "LocalOperator"), ("ecs", "EcsOperator")):
        done = subprocess.run([sys.executable, "-c", code.replace("WANTED", repr(wanted)).replace("FOLDER", repr(str(DAGS)))], env={**BASE, "AIRFLOW_SNOWTRACK_MODE": mode}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        print(f"DagBag, {mode}: no import errors, 9 tasks")


def the_local_variant_passes_the_log_on_and_ends_what_does_not_end():
    """Programs that stand for ours: one that waits for its own log line to be read, and one that is deaf to SIGTERM."""
    code = """
import json, os, signal, sys, threading, types
sys.path.insert(0, DAGS)
import snowtrack_dag as it
from airflow.sdk.exceptions import AirflowException

def program(name, text):
    with open(name, "w") as file:
        file.write("#!/bin/bash\\n" + text)
    os.chmod(name, 0o755)
    os.environ["AIRFLOW_SNOWTRACK_COMMAND"] = os.path.abspath(name)
    return it.LocalOperator(task_id="x", arguments=["run"])

it.LocalOperator.log = types.SimpleNamespace(info=lambda text, *more: heard(text % more))
with open("report.json", "w") as file:
    json.dump({"run_id": "r"}, file)
lines = []
def heard(line):
    lines.append(line)
    if line == "first":
        # Only now may it go on: a log that came at the end would never come.
        open("heard", "w").close()
talks = program("talks", 'echo first >&2; while [[ ! -e heard ]]; do sleep 0.05; done; head -c 300000 /dev/zero | tr "\\\\0" " " >&2; echo >&2; '
    'echo last >&2; cat report.json; exit 3')
watch = threading.Timer(60, lambda: os._exit(9)); watch.daemon = True; watch.start()
code, report, words = talks.once({})
assert (code, report, words) == (3, {"run_id": "r"}, "last"), (code, report, words)
assert "first" in lines

deaf = program("deaf", 'trap "" TERM; echo first >&2; while :; do sleep 0.1; done')
deaf.patience_s = 0.5
def heard(line):
    if line == "first":
        raise AirflowException("stopped")
try:
    deaf.once({})
except AirflowException as error:
    assert str(error) == "stopped", error
else:
    raise AssertionError("it was not stopped")
assert deaf.process.returncode == -signal.SIGKILL, deaf.process.returncode
polite = program("polite", 'trap "exit 130" TERM; echo first >&2; while :; do sleep 0.1; done')
try:
    polite.once({})
except AirflowException:
    pass
assert polite.process.returncode == 130, polite.process.returncode
"""
    folder = home / "local"
    folder.mkdir()
    done = subprocess.run([sys.executable, "-c", code.replace("DAGS", repr(str(DAGS)))], env=BASE, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    print("local variant: the log line by line, SIGTERM, and SIGKILL where that is not heard")


def the_demo_succeeds_and_proves_nothing():
    said, tasks, assets = test_dag("demo", "run --demo")
    assert tasks.pop("run") == ("success", 1), said[-3000:]
    assert {state for state, _ in tasks.values()} == {"skipped"} and assets == []


def a_verified_run_emits_an_asset_for_each_table_with_news():
    with Double("verified") as environment:
        said, tasks, assets = test_dag("verified", "run", **environment)
    assert tasks.pop("run") == ("success", 1), said[-3000:]
    shipped = {task for task, (state, _) in tasks.items() if state == "success"}
    # The double's artists have no genres.
    assert shipped == set(tasks) - {"genres"}, tasks
    assert assets == sorted(f"snowtrack_{task}" for task in shipped)


def exit_8_is_rescheduled_to_the_reports_time_and_goes_on():
    faults = '[[spotify]]\nwhen = { path = "/v1/playlists/" }\nfault = { rate_limited = { retry_after_secs = 20 } }\n'
    with Double("later", faults) as environment:
        said, tasks, assets = test_dag("later", "run --max-wait 1", **environment)
    assert tasks["run"] == ("success", 1), "a reschedule uses up no retry\n" + said[-3000:]
    with sqlite3.connect(home / "airflow.db") as database:
        [(began, until)] = database.execute("select start_date, reschedule_date from task_reschedule")
    waited = seconds(until) - seconds(began)
    assert 19 <= waited <= 45, (began, until)
    assert "try later, at" in said and len(assets) == 7
    print(f"exit 8: rescheduled from {began} to {until}")


def seconds(text):
    import datetime
    return datetime.datetime.fromisoformat(text).timestamp()


def exit_7_fails_without_retry_and_says_why():
    with Double("mismatch", '[[load]]\nkey = "raw/songs/"\nfault = "corrupt_value"\n') as environment:
        said, tasks, assets = test_dag("mismatch", "run", **environment)
    state, tries = tasks.pop("run")
    assert (state, tries) == ("failed", 1), said[-3000:]
    assert {state for state, _ in tasks.values()} == {"upstream_failed"} and assets == []
    found = re.search(r"exit code 7, what arrived in Snowflake differs[^\n]*", said)
    assert found and "raw/songs/" in found.group(), said[-3000:]
    print(found.group()[:200])


def exit_4_fails_without_retry_and_says_why():
    folder = home / "in"
    folder.mkdir()
    (folder / "playlist.json").write_text(json.dumps({
        "id": "3aB1cD2eF3gH4iJ5kL6mN7", "name": "Shore", "type": "playlist", "snapshot_id": "s1", "owner": {"id": "me"}, "public": True,
        "collaborative": False, "external_urls": {"spotify": "https://open.spotify.com/playlist/3aB1cD2eF3gH4iJ5kL6mN7"},
        "tracks": {"total": 1, "offset": 0, "limit": 100, "next": None, "items": [{"added_at": "2024-01-01T00:00:00Z", "is_local": False, "track": {
            "id": "0zB1cD2eF3gH4iJ5kL6mN7", "type": "track", "name": None, "duration_ms": 1, "artists": [], "album": None}}]},
    }))
    said, tasks, assets = test_dag("refused", f"run --from-dir {folder}")
    assert tasks["run"] == ("failed", 1) and assets == []
    found = re.search(r"exit code 4, the quality gate refused[^\n]*", said)
    assert found and "songs__name_is_not_null" in found.group(), said[-3000:]
    print(found.group()[:200])


def the_ecs_variant_reads_exit_code_and_report():
    """Against doubles of the two clients: ECS itself is not here, and moto's tasks have no exit code."""
    code = """
import io, json, sys, datetime, types
sys.path.insert(0, DAGS)
import snowtrack_dag as it
from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException, AirflowException

class Ecs:
    def __init__(self, code): self.code = code
    def run_task(self, **asked): self.asked = asked; return {"tasks": [{"taskArn": "arn:task"}], "failures": []}
    def get_waiter(self, name): assert name == "tasks_stopped"; return types.SimpleNamespace(wait=lambda **asked: None)
    def describe_tasks(self, **asked): return {"tasks": [{"containers": [{"name": "aws-guardduty-agent", "exitCode": 99}, {"name": "snowtrack"} | ({} if self.code is None else {"exitCode": self.code})], "stoppedReason": "CannotPullContainerError"}]}

class S3:
    def __init__(self, ecs, report): self.ecs, self.report = ecs, report
    def get_object(self, Bucket, Key):
        [override] = self.ecs.asked["overrides"]["containerOverrides"]
        assert override["environment"] == [{"name": "SNOWTRACK_REPORT_TO", "value": f"s3://{Bucket}/{Key}"}] and Bucket == "lake"
        if self.report is None: raise KeyError(Key)
        return {"Body": io.BytesIO(json.dumps(self.report).encode())}

def ended(code, report):
    ecs = Ecs(code)
    operator = it.EcsOperator(task_id="x", arguments=["run"])
    operator.client = lambda service: {"ecs": ecs, "s3": S3(ecs, report)}[service]
    try:
        return operator.execute({"ti": types.SimpleNamespace(run_id="manual__2026-01-01T00:00:00+00:00")})
    except AirflowException as error:
        return error

report = {"run_id": "r", "status": "verified", "tables": [], "not_before": None, "error": None, "verification": {"verdict": "verified", "reason": ""}}
assert ended(0, report)["status"] == "verified"
later = ended(8, {**report, "not_before": "2099-01-01T00:00:00Z"})
assert isinstance(later, AirflowRescheduleException) and later.reschedule_date.year == 2099
held = ended(8, None)
assert isinstance(held, AirflowRescheduleException) and 890 < (held.reschedule_date - datetime.datetime.now(datetime.timezone.utc)).total_seconds() < 910
wrong = ended(7, {**report, "error": "row 3 differs"})
assert isinstance(wrong, AirflowFailException) and "row 3 differs" in str(wrong)
broken = ended(5, {**report, "error": "no room"})
assert type(broken) is AirflowException and "no room" in str(broken)
assert "CannotPull" in str(ended(None, None))
"""
    more = {"AIRFLOW_SNOWTRACK_MODE": "ecs", "AIRFLOW_SNOWTRACK_BUCKET": "lake", "AIRFLOW_SNOWTRACK_SUBNETS": "subnet-1"}
    done = subprocess.run([sys.executable, "-c", code.replace("DAGS", repr(str(DAGS)))], env={**BASE, **more}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print("ECS variant: exit codes 0, 5, 7, 8 with and without a report, and a task that never ran")


def main():
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    code, said = airflow("db", "migrate")
    assert code == 0, said
    for trial in (
        the_bag_has_no_error, the_ecs_variant_reads_exit_code_and_report, the_local_variant_passes_the_log_on_and_ends_what_does_not_end, the_demo_succeeds_and_proves_nothing,
        a_verified_run_emits_an_asset_for_each_table_with_news, exit_8_is_rescheduled_to_the_reports_time_and_goes_on,
        exit_7_fails_without_retry_and_says_why, exit_4_fails_without_retry_and_says_why,
    ):
        trial()
    print("Airflow: all as it should be")


if __name__ == "__main__":
    main()
