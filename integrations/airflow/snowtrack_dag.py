"""snowtrack in Airflow: one run, and an asset for each shipped table that was verified.

Copy this file into your DAGs folder (Airflow 3.3.2 or newer, which holds a rescheduled task back until its time). Environment of
scheduler and workers (README.md says more):

    AIRFLOW_SNOWTRACK_MODE       local (default: the program on the worker) or ecs (the task of ecs/)
    AIRFLOW_SNOWTRACK_SCHEDULE   cron; `none` for by hand [default: 0 5 * * *]
    AIRFLOW_SNOWTRACK_ARGUMENTS  what snowtrack is to do [default: run]
    AIRFLOW_SNOWTRACK_LATER_SECS until it is tried again where the report names no time [default: 900]
    AIRFLOW_SNOWTRACK_COMMAND    local: the program [default: snowtrack]
    AIRFLOW_SNOWTRACK_CLUSTER, _FAMILY, _SUBNETS, _SECURITY_GROUPS, _ASSIGN_PUBLIC_IP, _BUCKET   ecs: as in the stack
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, Asset, BaseOperator, task
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)

TABLES = ["albums", "artists", "songs", "song_artists", "playlists", "playlist_songs", "song_observations", "genres"]

#: One asset a table: DAGs that read it say `schedule=[Asset("snowtrack_songs")]`.
ASSETS = {table: Asset(name=f"snowtrack_{table}", uri=f"snowtrack://spotify/raw/{table}") for table in TABLES}

#: What a person must look at first: the same command would end the same way.
NO_RETRY = {
    2: "usage or configuration",
    4: "the quality gate refused, nothing was shipped",
    7: "what arrived in Snowflake differs from what was sent, or was refused",
}


def setting(name, default=""):
    return os.environ.get(f"AIRFLOW_SNOWTRACK_{name}", default)


class SnowtrackOperator(BaseOperator):
    """Runs snowtrack once and reads its exit code and report.

    0 returns the report. 8 reschedules to the report's `not_before`: no worker waits, no retry is used up. 2, 4 and 7 fail without
    retry; everything else fails and is retried as `retries` says.
    """

    def __init__(self, *, arguments: list[str], later_s: int = 900, **kwargs):
        super().__init__(**kwargs)
        self.arguments = arguments
        #: For an exit code 8 without a time: verification is pending, or another task holds the state.
        self.later_s = later_s

    def execute(self, context):
        code, report, words = self.once(context)
        reason = self.reason(report) or words
        self.log.info("snowtrack ended with exit code %s, status %s", code, report.get("status"))
        if code == 0:
            return {"run_id": report["run_id"], "status": report["status"], "tables": report["tables"]}
        if code == 8:
            # The next try is a process of its own, which continues the run.
            until = self.not_before(report)
            self.log.info("try later, at %s: %s", until.isoformat(), reason)
            raise AirflowRescheduleException(until)
        if code in NO_RETRY:
            self.log.error("%s: %s", NO_RETRY[code], reason)
            raise AirflowFailException(f"exit code {code}, {NO_RETRY[code]}: {reason}")
        raise AirflowException(f"exit code {code}: {reason}")

    def once(self, context):
        """Exit code, report (empty where there was no run) and the last words."""
        raise NotImplementedError

    @staticmethod
    def reason(report):
        verification = report.get("verification") or {}
        return report.get("error") or (verification.get("reason") if verification.get("verdict") not in (None, "verified", "skipped") else None)

    def not_before(self, report):
        soonest = datetime.now(timezone.utc) + timedelta(seconds=1)
        if report.get("not_before"):
            return max(soonest, datetime.fromisoformat(report["not_before"].replace("Z", "+00:00")) + timedelta(seconds=1))
        return datetime.now(timezone.utc) + timedelta(seconds=self.later_s)


class LocalOperator(SnowtrackOperator):
    """On the worker; configured by its environment and the `snowtrack.toml` of its working directory."""

    def once(self, context):
        command = [setting("COMMAND", "snowtrack"), "--log-format", "json", "--json", *self.arguments]
        self.log.info("running %s", shlex.join(command))
        words = ""
        # The report goes to a file, so that nothing waits for who reads it while the log is passed on line by line.
        with tempfile.TemporaryFile("w+") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True, errors="replace")
            try:
                for line in self.process.stderr:
                    words = line.rstrip("\n")
                    self.log.info("%s", words)
                self.process.wait()
            finally:
                self.on_kill()
                self.process.stderr.close()
            out.seek(0)
            report = out.read()
        return self.process.returncode, json.loads(report) if report.startswith("{") else {}, words

    #: On SIGTERM it saves what it has and ends within 25 s.
    patience_s = 30

    def on_kill(self):
        process = getattr(self, "process", None)
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(timeout=self.patience_s)
        except subprocess.TimeoutExpired:
            # A second one would begin beside it; the next run continues after a kill, too.
            process.kill()
            process.wait()


class EcsOperator(SnowtrackOperator):
    """As a task of the stack in ecs/. The report comes by the bucket, the exit code by ECS; its log is in CloudWatch."""

    def client(self, service):
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        return AwsBaseHook(client_type=service, aws_conn_id=setting("AWS_CONN_ID", "aws_default")).get_conn()

    def once(self, context):
        ecs, cluster = self.client("ecs"), setting("CLUSTER", "snowtrack")
        instance = context["ti"]
        # A name of this try's own. A rescheduled task keeps its try number, so the time is part of it.
        name = f"airflow-{instance.run_id}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}".replace(":", "").replace("+", "-")
        key, bucket = f"reports/{name}.json", setting("BUCKET")
        network = {
            "subnets": setting("SUBNETS").split(","),
            "securityGroups": setting("SECURITY_GROUPS").split(","),
            "assignPublicIp": setting("ASSIGN_PUBLIC_IP", "ENABLED"),
        }
        override = {
            "name": "snowtrack",
            "command": ["--log-format", "json", "--json", *self.arguments],
            "environment": [{"name": "SNOWTRACK_REPORT_TO", "value": f"s3://{bucket}/{key}"}],
        }
        answer = ecs.run_task(
            cluster=cluster, taskDefinition=setting("FAMILY", "snowtrack"), launchType="FARGATE", startedBy="airflow",
            networkConfiguration={"awsvpcConfiguration": network}, overrides={"containerOverrides": [override]},
        )
        if not answer["tasks"]:
            raise AirflowException(f"ECS started no task: {answer['failures']}")
        self.task_arn = answer["tasks"][0]["taskArn"]
        self.log.info("started %s", self.task_arn)
        ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[self.task_arn], WaiterConfig={"Delay": 15, "MaxAttempts": 24 * 60 * 4})
        [stopped] = ecs.describe_tasks(cluster=cluster, tasks=[self.task_arn])["tasks"]
        # By name: an account can put a container of its own into each task.
        code = next((one.get("exitCode") for one in stopped["containers"] if one["name"] == "snowtrack"), None)
        if code is None:
            raise AirflowException(f"{self.task_arn} did not run: {stopped.get('stoppedReason')}")
        try:
            report = json.loads(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except Exception as error:  # noqa: BLE001 - a run that did not begin has none, whatever the store calls that
            self.log.info("there is no report: %s", error)
            report = {}
        return code, report, stopped.get("stoppedReason") or "see the task's log in CloudWatch"

    def on_kill(self):
        if getattr(self, "task_arn", None):
            self.client("ecs").stop_task(cluster=setting("CLUSTER", "snowtrack"), task=self.task_arn, reason="stopped by Airflow")


def is_proven(report, table):
    """Whether this run brought rows of the table, and all of them were found in Snowflake as they were sent."""
    changed = {one["table"]: one["changed_row_count"] for one in report["tables"]}
    return report["status"] == "verified" and 0 < changed.get(table, 0)


schedule = setting("SCHEDULE", "0 5 * * *")

with DAG(
    "snowtrack",
    description="Spotify playlists into Snowflake, verified",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule=None if schedule == "none" else schedule,
    catchup=False,
    # Its lease would let a second one wait anyway.
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
    tags=["snowtrack"],
    doc_md=__doc__,
) as dag:
    operator = {"local": LocalOperator, "ecs": EcsOperator}[setting("MODE", "local")]
    run = operator(
        task_id="run",
        arguments=shlex.split(setting("ARGUMENTS", "run")),
        later_s=int(setting("LATER_SECS", "900")),
        execution_timeout=timedelta(hours=12),
    )

    def announce(table):
        @task(task_id=table, outlets=[ASSETS[table]], retries=0)
        def proven(report: dict):
            if not is_proven(report, table):
                raise AirflowSkipException(f"the run ended {report['status']}, with no proven news of {table}")

        return proven

    for table in TABLES:
        announce(table)(run.output)
