"""The task's policy is what the program needs: under exactly it everything works, and with any part of it gone something fails.

moto decides by IAM; of S3 it knows actions and resources, of other services the actions alone, and no conditions. So conditions are
left out here, and resources of other services are `*` to it.
"""

import base64
import copy
import json
import os
import shutil
import subprocess

import pytest
from botocore.exceptions import ClientError
from conftest import DOUBLES, environment, snowtrack
from stack import REGION, ROOT, TOPIC, Stack, task_definition

STATEMENTS = {one["Sid"]: one for one in Stack().policy("TaskRole")["Statement"]}


def listed(value):
    return value if isinstance(value, list) else [value]


def for_moto(policy):
    policy = copy.deepcopy(policy)
    for statement in policy["Statement"]:
        statement.pop("Condition", None)
        if not all(one.startswith("s3:") for one in listed(statement["Action"])):
            statement["Resource"] = "*"
    return policy


def parts(policy):
    """Each action, and each resource where there are several: (Sid, which, what)."""
    for statement in policy["Statement"]:
        for action in listed(statement["Action"]):
            yield statement["Sid"], "Action", action
        if 1 < len(listed(statement["Resource"])):
            for resource in statement["Resource"]:
                yield statement["Sid"], "Resource", resource


def without(policy, sid, which, what):
    policy = copy.deepcopy(policy)
    for statement in policy["Statement"]:
        if statement["Sid"] == sid:
            statement[which] = [one for one in listed(statement[which]) if one != what]
    policy["Statement"] = [one for one in policy["Statement"] if one["Action"] and one["Resource"]]
    return policy


class Task:
    """One pipeline in the stack's bucket, each run on a machine of its own."""

    def __init__(self, aws, stack, folder, policy):
        aws.client("s3").create_bucket(
            Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        aws.client("sns").create_topic(Name="snowtrack")
        self.aws, self.folder, self.failures = aws, folder, []
        self.keys = aws.role("task", for_moto(policy))
        [container] = task_definition()["containerDefinitions"]
        values = {"BUCKET": "lake", "PREFIX": "spotify-data/", "TOPIC_ARN": TOPIC, "METRICS_NAMESPACE": "snowtrack"}
        self.settings = {}
        for pair in container["environment"]:
            text = pair["value"]
            for name, value in values.items():
                text = text.replace("${" + name + "}", value)
            if "${" not in text:
                self.settings[pair["name"]] = text
        aws.enforce()

    def run(self, *arguments, machine, **more):
        settings = {**self.settings, "SNOWTRACK_REPORT_TO": "s3://lake/reports/try-1.json", "SNOWTRACK_DATA_DIR": machine}
        code, out, err = snowtrack(
            self.folder, environment(self.aws, self.keys, **{**settings, **more}), "--log-format", "json", "--json", *arguments
        )
        if code != 0:
            self.failures.append(f"exit {code}: {err.strip().splitlines()[-1:]}")
        for line in err.splitlines():
            if '"WARN"' in line or '"ERROR"' in line:
                self.failures.append(line)
        return json.loads(out) if out.startswith("{") else {}

    def ours(self, service):
        return self.aws.client(service, self.keys)

    def nights(self):
        """Two nights with news, each on a machine that knows nothing, so that the fourth generation of the state goes."""
        try:
            # What the alerts' sink asks of AWS.
            self.ours("sns").publish(TopicArn=TOPIC, Message="incident")
        except ClientError as error:
            self.failures.append(str(error))
        for night in (1, 2):
            # The first failure is enough.
            if not self.failures:
                self.run("run", "--demo", machine=f"night-{night}")

    def large_file(self, exported):
        """A file that goes in parts, after a task that was killed while it sent it."""
        self.settings.pop("SNOWTRACK_STATE")
        shutil.copytree(exported / "large", self.folder / "large")
        [key] = [str(file.relative_to(exported / "large/lake")) for file in exported.glob("large/lake/spotify-data/raw/songs/**/*.parquet")]
        self.aws.trust()
        admin = self.aws.client("s3")
        admin.create_multipart_upload(Bucket="lake", Key=key)
        self.aws.enforce()
        self.run("upload", machine="large")
        self.aws.trust()
        assert admin.head_object(Bucket="lake", Key=key)["ContentLength"] > 16 << 20
        left = admin.list_multipart_uploads(Bucket="lake").get("Uploads", [])
        if left:
            self.failures.append("parts are left behind")


def playlist_with_long_names():
    """Songs whose names nothing compresses, each as long as a row may be."""
    def item(number):
        song = f"{number:022d}"
        return {
            "added_at": "2024-01-01T00:00:00Z", "added_by": {"id": "me"}, "is_local": False,
            "track": {
                "id": song, "type": "track", "name": base64.b64encode(os.urandom(10_800)).decode(), "duration_ms": 1000, "popularity": 1,
                "external_urls": {"spotify": f"https://open.spotify.com/track/{song}"},
                "album": {"id": "a" * 22, "name": "Album", "release_date": "2024-01-01", "release_date_precision": "day", "total_tracks": 1800,
                          "type": "album", "external_urls": {"spotify": "https://open.spotify.com/album/" + "a" * 22},
                          "artists": [artist]},
                "artists": [artist],
            },
        }
    artist = {"id": "b" * 22, "name": "Artist", "type": "artist", "external_urls": {"spotify": "https://open.spotify.com/artist/" + "b" * 22}}
    items = [item(number) for number in range(1800)]
    return {
        "id": "c" * 22, "name": "Long", "type": "playlist", "public": True, "collaborative": False, "snapshot_id": "s1",
        "owner": {"id": "me"}, "external_urls": {"spotify": "https://open.spotify.com/playlist/" + "c" * 22},
        "tracks": {"href": "https://api.spotify.com/v1/playlists/" + "c" * 22 + "/tracks", "items": items, "total": 1800, "limit": 1800,
                   "offset": 0, "next": None, "previous": None},
    }


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A data directory with a file that goes in parts, exported and not uploaded."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "in").mkdir()
    (folder / "in/playlist.json").write_text(json.dumps(playlist_with_long_names()))
    code, _, err = snowtrack(folder, {"SNOWTRACK_DATA_DIR": "large"}, "run", "--from-dir", "in")
    assert code == 0, err
    return folder


#: What only a large file needs.
OF_LARGE_FILES = {"s3:AbortMultipartUpload", "s3:ListBucketMultipartUploads"}


def test_under_exactly_the_tasks_policy_everything_works(aws, stack, tmp_path, exported):
    task = Task(aws, stack, tmp_path, stack.policy("TaskRole"))
    task.nights()
    task.large_file(exported)
    assert task.failures == []
    admin = aws.client("s3")
    keys = [found["Key"] for found in admin.list_objects_v2(Bucket="lake")["Contents"]]
    generations = [key for key in keys if key.endswith(".duckdb.zst")]
    assert len(generations) == 3
    assert "published/spotify.duckdb" in keys and "reports/try-1.json" in keys
    # Nothing stands where the policy does not let the task write.
    assert {key.split("/")[0] for key in keys} == {"spotify-data", "state", "published", "reports"}
    report = json.loads(admin.get_object(Bucket="lake", Key="reports/try-1.json")["Body"].read())
    assert "files" not in report and report["not_before"] is None and report["run_id"]


@pytest.mark.parametrize("part", list(parts(Stack().policy("TaskRole"))), ids=lambda part: "-".join(part))
def test_with_a_part_of_the_policy_gone_something_fails(aws, stack, tmp_path, exported, part):
    task = Task(aws, stack, tmp_path, without(stack.policy("TaskRole"), *part))
    task.large_file(exported) if part[2] in OF_LARGE_FILES else task.nights()
    assert task.failures


def test_the_whole_way_to_verified_needs_no_right_beside_them(aws, stack, tmp_path):
    """Ingest and verify are Snowflake's side; of AWS they take nothing but the state's saves."""
    (tmp_path / "night/lake").mkdir(parents=True)
    double = subprocess.Popen(
        [DOUBLES, "snowflake", "--lake", tmp_path / "night/lake"], stdout=subprocess.PIPE, text=True
    )
    try:
        known = json.loads(double.stdout.readline())["snowflake"]
        account = {
            "SNOWFLAKE_URL": known["url"], "SNOWFLAKE_ACCOUNT": known["account"], "SNOWFLAKE_USER": known["user"],
            "SNOWFLAKE_ROLE": known["role"], "SNOWFLAKE_WAREHOUSE": known["warehouse"], "SNOWFLAKE_TOKEN": known["token"],
            "SNOWFLAKE_TOKEN_TYPE": "PAT", "SNOWFLAKE_INGEST": "copy",
        }
        task = Task(aws, stack, tmp_path, stack.policy("TaskRole"))
        role = stack.outputs["SnowflakeRoleArn"]
        task.run("snowflake", "apply", "--as-role", "ACCOUNTADMIN", "--aws-role-arn", role, machine="night", **account)
        report = task.run("run", "--demo", machine="night", **account)
        # The double speaks no TLS, which is warned of.
        assert [line for line in task.failures if "readable for everybody" not in line] == []
        assert report["status"] == "verified"
    finally:
        double.terminate()
        double.wait()


STREAM = {one["Sid"]: one for one in Stack(KinesisStream="changes").policy("TaskRole")["Statement"]}["Stream"]


def test_only_a_stream_that_is_named_may_be_written_to():
    assert "Stream" not in STATEMENTS
    assert STREAM["Resource"] == f"arn:aws:kinesis:{REGION}:123456789012:stream/changes"


@pytest.mark.parametrize("gone", [None, *STREAM["Action"]])
def test_sending_changes_and_proving_them_takes_each_right_on_the_stream_and_no_other(aws, tmp_path, gone):
    stack = Stack(KinesisStream="changes")
    policy = stack.policy("TaskRole")
    task = Task(aws, stack, tmp_path, policy if gone is None else without(policy, "Stream", "Action", gone))
    aws.trust()
    aws.client("kinesis").create_stream(StreamName="changes", ShardCount=1)
    aws.enforce()
    report = task.run("run", "--demo", machine="night", SNOWTRACK_STREAM="kinesis://changes")
    if not task.failures:
        proof = task.run("verify", "--stream", machine="night", SNOWTRACK_STREAM="kinesis://changes")
        assert gone or (proof["verdict"] == "verified" and report["streams"][0]["acknowledged_count"]), proof
    assert bool(task.failures) == (gone is not None), task.failures


HAS_ALERTS = "SNOWTRACK_ALERT_SNS_TOPIC" in (ROOT / ".env.example").read_text()


@pytest.mark.skipif(not HAS_ALERTS, reason="the program has no sink for alerts yet; boto3 publishes in its place above")
@pytest.mark.parametrize("gone, wanted", [(None, 1), (("Alerts", "Action", "sns:Publish"), 0)])
def test_the_programs_own_alert_of_a_refused_run_reaches_the_topic_by_that_right_alone(aws, stack, tmp_path, gone, wanted):
    policy = stack.policy("TaskRole")
    task = Task(aws, stack, tmp_path, policy if gone is None else without(policy, *gone))
    aws.trust()
    queue = aws.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    aws.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:told")
    document = playlist_with_long_names()
    del document["tracks"]["items"][1:]
    document["tracks"].update(total=1, limit=1)
    document["tracks"]["items"][0]["track"]["name"] = None
    (tmp_path / "in").mkdir()
    (tmp_path / "in/playlist.json").write_text(json.dumps(document))
    aws.enforce()
    task.run("run", "--from-dir", "in", machine="refused")
    assert "exit 4" in task.failures[0]
    assert len([line for line in task.failures if "did not take the alert" in line]) == 1 - wanted
    aws.trust()
    assert len(aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])) == wanted


EXECUTION = {
    "ecr:GetAuthorizationToken": lambda aws, keys: aws.client("ecr", keys).get_authorization_token(),
    "ecr:BatchCheckLayerAvailability": lambda aws, keys: aws.client("ecr", keys).batch_check_layer_availability(
        repositoryName="snowtrack", layerDigests=["sha256:" + "0" * 64]),
    "ecr:GetDownloadUrlForLayer": lambda aws, keys: aws.client("ecr", keys).get_download_url_for_layer(
        repositoryName="snowtrack", layerDigest="sha256:" + "0" * 64),
    "ecr:BatchGetImage": lambda aws, keys: aws.client("ecr", keys).batch_get_image(
        repositoryName="snowtrack", imageIds=[{"imageTag": "x"}]),
    "logs:CreateLogStream": lambda aws, keys: aws.client("logs", keys).create_log_stream(
        logGroupName="/ecs/snowtrack", logStreamName="run/snowtrack/2"),
    # A line of the embedded metric format is a line of the log; no other right is in it.
    "logs:PutLogEvents": lambda aws, keys: aws.client("logs", keys).put_log_events(
        logGroupName="/ecs/snowtrack", logStreamName="run/snowtrack/1",
        logEvents=[{"timestamp": 1_800_000_000_000, "message": '{"_aws": {}}'}]),
    "secretsmanager:GetSecretValue": lambda aws, keys: aws.client("secretsmanager", keys).get_secret_value(SecretId="token"),
}


def is_denied(aws, keys, action):
    try:
        EXECUTION[action](aws, keys)
    except ClientError as error:
        return "not authorized to perform" in str(error)
    except Exception:  # noqa: BLE001 - what moto has not built answers 5xx after IAM has let it pass
        return False
    return False


def test_what_starts_a_task_takes_each_right_of_the_execution_role_and_no_other(aws, stack):
    """The calls of Fargate's agent, as AWS documents them for ECR, awslogs and secrets."""
    policy = stack.policy("ExecutionRole")
    allowed = {action for statement in policy["Statement"] for action in listed(statement["Action"])}
    assert allowed == set(EXECUTION)
    aws.client("ecr").create_repository(repositoryName="snowtrack")
    aws.client("logs").create_log_group(logGroupName="/ecs/snowtrack")
    aws.client("logs").create_log_stream(logGroupName="/ecs/snowtrack", logStreamName="run/snowtrack/1")
    aws.client("secretsmanager").create_secret(Name="token", SecretString="x")
    full = aws.role("execution", for_moto(policy))
    aws.enforce()
    assert [action for action in EXECUTION if is_denied(aws, full, action)] == []
    for sid, which, action in parts(policy):
        if which == "Resource":
            continue
        keys = aws.role("without-" + action.replace(":", "-"), for_moto(without(policy, sid, which, action)))
        aws.enforce()
        assert [one for one in EXECUTION if is_denied(aws, keys, one)] == [action]
