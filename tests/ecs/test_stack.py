"""What the template promises, and that task, stack, deploy.sh and `snowflake plan` speak of the same things."""

import json
import re
import shutil
import stat
import subprocess
import sys
import pathlib

import pytest
from conftest import DOUBLES, snowtrack
from stack import PARAMETERS, REGION, ROOT, SECRET, TEMPLATE, Stack, task_definition

BIN = pathlib.Path(sys.executable).parent
SETTINGS = {
    "REGION": REGION, "BUCKET": "lake", "VPC_ID": PARAMETERS["VpcId"], "SUBNET_IDS": ",".join(PARAMETERS["SubnetIds"]),
    "SPOTIFY_CLIENT_ID": "client", "SPOTIFY_PLAYLIST_IDS": "37i9dQZF1DX4sWSpwq3LiO",
    "SPOTIFY_REFRESH_TOKEN_ARN": PARAMETERS["SpotifyRefreshTokenArn"], "SPOTIFY_CLIENT_SECRET_ARN": PARAMETERS["SpotifyClientSecretArn"],
    "SNOWFLAKE_ACCOUNT": "myorg-myacct", "SNOWFLAKE_USER": "SPOTIFY_LOADER_SVC", "SNOWFLAKE_PRIVATE_KEY_ARN": PARAMETERS["SnowflakePrivateKeyArn"],
}


def of_type(stack, kind):
    return {name: one["Properties"] for name, one in stack.resources.items() if one["Type"] == kind}


@pytest.mark.parametrize("template", [TEMPLATE, ROOT / "integrations/kinesis/firehose.yaml"], ids=lambda it: it.name)
def test_cfn_lint_finds_nothing(template):
    done = subprocess.run([BIN / "cfn-lint", template], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_resource_is_everything_without_a_reason_beside_it():
    lines = TEMPLATE.read_text().splitlines()
    wild = [number for number, line in enumerate(lines) if re.search(r"Resource:.*(\"\*\"|'\*')", line)]
    assert len(wild) == 1
    for number in wild:
        assert lines[number - 1].strip().startswith("# `*`: "), lines[number]


def test_each_alarm_tells_the_topic_and_says_what_a_gap_means(stack):
    alarms = of_type(stack, "AWS::CloudWatch::Alarm")
    assert 5 <= len(alarms)
    # One incident is one message: what the program tells of goes to a topic of its own when an alarm repeats it.
    only_here = {"NoGoodRunAlarm", "NoManifestAlarm"}
    for name, alarm in alarms.items():
        topic = stack.outputs["TopicArn" if name in only_here else "AlarmTopicArn"]
        assert alarm["AlarmActions"] == alarm.get("OKActions", [topic]) == [topic], name
        assert alarm["TreatMissingData"] in ("breaching", "notBreaching", "ignore"), name
        # CloudWatch looks back a day, with periods of an hour or more a week.
        span = alarm["Period"] * alarm["EvaluationPeriods"]
        assert span <= (86_400 if alarm["Period"] < 3_600 else 604_800), name
    by_metric = {alarm["MetricName"]: alarm for alarm in alarms.values()}
    assert {"FreshnessSeconds", "FilesMismatched", "ChecksFailed", "FilesPending", "ManifestsWritten"} <= set(by_metric)
    for metric in ("FreshnessSeconds", "ManifestsWritten"):
        assert by_metric[metric]["TreatMissingData"] == "breaching", "silence is what these are about"
    for resource in of_type(stack, "AWS::Events::Rule").values():
        assert stack.outputs["TopicArn"] not in [target["Arn"] for target in resource["Targets"]]


def test_where_a_schedule_is_slower_than_cloudwatch_looks_back_its_alarms_can_be_still():
    for hours in ({}, {"GoodRunHours": 0}, {"ManifestHours": 0}):
        stack = Stack(**hours)
        enabled = {name: stack.properties(name)["ActionsEnabled"] for name in ("NoGoodRunAlarm", "NoManifestAlarm")}
        assert enabled == {"NoGoodRunAlarm": "GoodRunHours" not in hours, "NoManifestAlarm": "ManifestHours" not in hours}
        assert all(1 <= alarm["EvaluationPeriods"] for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values())


def test_metrics_have_a_namespace_of_the_stacks_own():
    stack = Stack(MetricsNamespace="second")
    alarms = of_type(stack, "AWS::CloudWatch::Alarm").values()
    assert {alarm["Namespace"] for alarm in alarms} == {"second", "AWS/States"}
    [filtered] = of_type(stack, "AWS::Logs::MetricFilter").values()
    assert filtered["MetricTransformations"][0]["MetricNamespace"] == "second"
    assert '"second", "RowsFetched"' in stack.properties("Dashboard")["DashboardBody"]
    assert "Default" not in stack.template["Parameters"]["MetricsNamespace"]


def test_what_a_failed_first_deployment_made_goes_and_what_was_in_use_stays(stack):
    kept = {name for name, one in stack.resources.items() if one.get("DeletionPolicy", "Delete") != "Delete"}
    assert kept == {"Bucket", "Repository", "LogGroup"}
    assert {stack.resources[name]["DeletionPolicy"] for name in kept} == {"RetainExceptOnCreate"}
    assert {stack.resources[name]["UpdateReplacePolicy"] for name in kept} == {"Retain"}


def test_ten_commits_of_images_stay_however_many_manifests_each_has(aws, stack):
    text = stack.properties("Repository")["LifecyclePolicy"]["LifecyclePolicyText"]
    aws.client("ecr").create_repository(repositoryName="snowtrack")
    aws.client("ecr").put_lifecycle_policy(repositoryName="snowtrack", lifecyclePolicyText=text)
    counted = [rule["selection"] for rule in json.loads(text)["rules"] if rule["selection"]["countType"] == "imageCountMoreThan"]
    assert counted == [{"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": 10}]


def test_one_more_port_leaves_where_it_is_named_and_none_comes_in():
    def ports(**changes):
        group = Stack(**changes).properties("SecurityGroup")
        assert "SecurityGroupIngress" not in group
        return [rule["FromPort"] for rule in group["SecurityGroupEgress"] if rule["FromPort"] == rule["ToPort"]]
    assert (ports(), ports(EgressPort=4318)) == ([443], [443, 4318])


def test_the_secrets_that_are_named_may_be_read_and_their_key_used_by_secrets_manager_alone(stack):
    mine = {one["Sid"]: one for one in stack.policy("ExecutionRole")["Statement"]}
    assert "SecretsKey" not in mine and len(mine["Secrets"]["Resource"]) == 3
    key = f"arn:aws:kms:{REGION}:123456789012:key/1"
    more = Stack(AlertUrlArn=SECRET + "alert-url", OtlpHeadersArn=SECRET + "otlp", SecretsKeyArn=key)
    theirs = {one["Sid"]: one for one in more.policy("ExecutionRole")["Statement"]}
    assert set(theirs["Secrets"]["Resource"]) == {*mine["Secrets"]["Resource"], SECRET + "alert-url", SECRET + "otlp"}
    assert (theirs["SecretsKey"]["Action"], theirs["SecretsKey"]["Resource"]) == ("kms:Decrypt", key)
    assert theirs["SecretsKey"]["Condition"] == {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}


#: DESIGN section 9.
METRICS = """RowsFetched RowsShipped RowsVerified FilesVerified FilesPending FilesFailed FilesMismatched SpotifyCalls SpotifyRetries
SpotifyWaitMs StageDurationMs RunDurationMs ChecksFailed FreshnessSeconds""".split()


def test_the_dashboard_and_the_alarms_show_metrics_that_exist(stack):
    [dashboard] = of_type(stack, "AWS::CloudWatch::Dashboard").values()
    body = json.loads(dashboard["DashboardBody"])
    shown = {
        metric[1] for widget in body["widgets"] if widget["type"] == "metric" for metric in widget["properties"]["metrics"]
    }
    [filtered] = of_type(stack, "AWS::Logs::MetricFilter").values()
    [own] = [one["MetricName"] for one in filtered["MetricTransformations"]]
    assert 5 <= len(shown - {own}) and shown <= {*METRICS, own}
    for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values():
        assert alarm["MetricName"] in {*METRICS, own, "ExecutionsFailed"}
    [alarms] = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    names = {alarm["AlarmName"] for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values()}
    assert {arn.rsplit(":", 1)[1] for arn in alarms} == names


def test_the_bucket_is_private_encrypted_versioned_and_tls_only(aws, stack):
    bucket = stack.properties("Bucket")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    # S3 itself reads what the template says of it.
    s3.put_bucket_policy(Bucket="lake", Policy=json.dumps(stack.properties("BucketPolicy")["PolicyDocument"]))
    rules = [
        {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
        | ({"AbortIncompleteMultipartUpload": rule["AbortIncompleteMultipartUpload"]} if "AbortIncompleteMultipartUpload" in rule else {})
        | ({"NoncurrentVersionExpiration": rule["NoncurrentVersionExpiration"]} if "NoncurrentVersionExpiration" in rule else {})
        | ({"Expiration": {"Days": rule["ExpirationInDays"]}} if "ExpirationInDays" in rule else {})
        | ({"Expiration": {"ExpiredObjectDeleteMarker": True}} if rule.get("ExpiredObjectDeleteMarker") else {})
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    s3.put_bucket_lifecycle_configuration(Bucket="lake", LifecycleConfiguration={"Rules": rules})
    # Only of the state does a run delete anything.
    assert [rule["Id"] for rule in bucket["LifecycleConfiguration"]["Rules"] if rule.get("ExpiredObjectDeleteMarker")] == ["snowtrack-old-state"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    [deny] = stack.properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    # No rule ends what the lake holds.
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        if "ExpirationInDays" in rule or "NoncurrentVersionExpiration" in rule:
            assert rule["Prefix"] in ("state/", "published/", "reports/", "spotify-data/processed/")
    assert bucket["NotificationConfiguration"]["EventBridgeConfiguration"] == {"EventBridgeEnabled": True}
    assert "QueueConfigurations" not in Stack(SnowpipeQueueArn="").properties("Bucket")["NotificationConfiguration"]


# --- with `snowflake plan` -------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """What `snowflake plan` says of the stack's bucket, role and queue, as AWS documents and as SQL."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "lake").mkdir()
    double = subprocess.Popen([DOUBLES, "snowflake", "--lake", folder / "lake"], stdout=subprocess.PIPE, text=True)
    try:
        known = json.loads(double.stdout.readline())["snowflake"]
        settings = {
            "SNOWFLAKE_URL": known["url"], "SNOWFLAKE_ACCOUNT": known["account"], "SNOWFLAKE_USER": known["user"],
            "SNOWFLAKE_ROLE": known["role"], "SNOWFLAKE_WAREHOUSE": known["warehouse"], "SNOWFLAKE_TOKEN": known["token"],
            "SNOWFLAKE_TOKEN_TYPE": "PAT", "SNOWFLAKE_INGEST": "auto", "S3_BUCKET": "lake", "AWS_REGION": REGION,
        }
        role = Stack().outputs["SnowflakeRoleArn"]
        code, _, err = snowtrack(folder, settings, "snowflake", "apply", "--as-role", "ACCOUNTADMIN", "--aws-role-arn", role)
        assert code == 0, err
        code, sql, err = snowtrack(folder, settings, "snowflake", "plan", "--sql", "--aws-role-arn", role)
        assert code == 0, err
        code, _, err = snowtrack(folder, settings, "snowflake", "plan", "--aws", "aws", "--aws-role-arn", role)
        assert code == 0, err
        return sql, {file.stem: json.loads(file.read_text()) for file in (folder / "aws").glob("*.json")}
    finally:
        double.terminate()
        double.wait()


def statements(policy):
    """A policy's statements without their names, lists as sets."""
    def one(value):
        return frozenset(value) if isinstance(value, list) else frozenset([value])
    return {
        (one(found["Action"]), one(found["Resource"]), json.dumps(found.get("Condition"), sort_keys=True))
        for found in policy["Statement"]
    }


def test_the_role_that_snowflake_assumes_is_the_plans(stack, planned):
    sql, documents = planned
    assert f"storage_aws_role_arn = '{stack.outputs['SnowflakeRoleArn']}'" in sql
    assert "storage_allowed_locations = ('s3://lake/spotify-data/')" in sql
    assert statements(stack.policy("SnowflakeRole")) == statements(documents["snowflake-role-policy"])
    # Where a bucket lies is asked without a prefix: a condition on one would never hold.
    for statement in documents["snowflake-role-policy"]["Statement"]:
        if "s3:GetBucketLocation" in statement["Action"]:
            assert "Condition" not in statement
    trust = documents["snowflake-role-trust-policy"]["Statement"][0]
    known = Stack(SnowflakeUserArn=trust["Principal"]["AWS"], SnowflakeExternalId=trust["Condition"]["StringEquals"]["sts:ExternalId"])
    assert known.properties("SnowflakeRole")["AssumeRolePolicyDocument"]["Statement"] == [trust]


def test_the_tasks_rights_on_the_lake_are_the_plans(stack, planned):
    _, documents = planned
    objects, bucket = documents["uploader-policy"]["Statement"]
    mine = {one["Sid"]: one for one in stack.policy("TaskRole")["Statement"]}
    assert objects["Resource"] in mine["Objects"]["Resource"]
    assert set(objects["Action"]) == set(mine["Objects"]["Action"])
    assert (bucket["Resource"], set(bucket["Action"])) == (mine["Listings"]["Resource"], set(mine["Listings"]["Action"]))


def test_the_notification_and_the_lifecycle_rule_are_the_plans(planned):
    _, documents = planned
    [wanted] = documents["bucket-notification"]["QueueConfigurations"]
    stack = Stack(SnowpipeQueueArn=wanted["QueueArn"])
    [mine] = stack.properties("Bucket")["NotificationConfiguration"]["QueueConfigurations"]
    assert (mine["Queue"], [mine["Event"]]) == (wanted["QueueArn"], wanted["Events"])
    assert mine["Filter"]["S3Key"]["Rules"] == [
        {"Name": rule["Name"], "Value": rule["Value"]} for rule in wanted["Filter"]["Key"]["FilterRules"]
    ]
    ids = {rule["Id"] for rule in stack.properties("Bucket")["LifecycleConfiguration"]["Rules"]}
    assert {rule["ID"] for rule in documents["bucket-lifecycle"]["Rules"]} <= ids


# --- deploy.sh -------------------------------------------------------------------------------------------------------------------

class Deployment:
    def __init__(self, aws, folder, **changes):
        self.aws, self.folder, self.settings = aws, folder, {**SETTINGS, **changes}
        (folder / "bin").mkdir()
        # moto's CloudFormation leaves most of the template out, so that the stack is asked of stack.py; all else is the CLI and moto.
        self.program("aws", f'''
case "$1 $2" in
"cloudformation deploy") printf '%s\\n' "$@" > {folder}/deploy.log ;;
"cloudformation describe-stacks") for word in "$@"; do case $word in *OutputKey==*)
    name=${{word#*\\'}} && sed -n "s/^${{name%%\\'*}}=//p" {folder}/outputs ;; esac; done ;;
*) exec {BIN}/aws "$@" ;;
esac''')
        (folder / "outputs").write_text("".join(f"{name}={value}\n" for name, value in Stack().outputs.items()))
        # Builds no image and says what it was asked.
        self.program("docker", f'echo "$@" >> {folder}/container.log\ncase $1 in login) cat >/dev/null;; esac')

    def program(self, name, text):
        program = self.folder / "bin" / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def deploy(self, *arguments, root=ROOT):
        file = self.folder / "settings.env"
        file.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))
        variables = {
            "PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(self.folder), "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "admin", "AWS_EC2_METADATA_DISABLED": "true",
        }
        return subprocess.run(
            [root / "ecs" / "deploy.sh", *arguments, file], env=variables, capture_output=True, text=True, timeout=120)

    def container_calls(self):
        log = self.folder / "container.log"
        return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def deployment(aws, tmp_path):
    return Deployment(aws, tmp_path)


def revisions(aws):
    return aws.client("ecs").list_task_definitions(familyPrefix="snowtrack")["taskDefinitionArns"]


def test_a_dry_run_says_everything_and_does_nothing(aws, deployment):
    done = deployment.deploy("--dry-run")
    assert done.returncode == 0, done.stderr
    for word in ("cloudformation deploy", "build --platform", "push", "register-task-definition"):
        assert word in done.stderr
    definition = json.loads(done.stdout)
    [container] = definition["containerDefinitions"]
    assert [one["name"] for one in container["secrets"]] == ["SPOTIFY_CLIENT_SECRET", "SNOWFLAKE_PRIVATE_KEY", "SPOTIFY_REFRESH_TOKEN"]
    assert aws.client("cloudformation").list_stacks()["StackSummaries"] == [] and deployment.container_calls() == []


def test_a_deployment_registers_a_task_that_ecs_takes_and_the_next_one_a_revision(aws, deployment):
    done = deployment.deploy()
    assert done.returncode == 0, done.stderr
    assert deployment.container_calls() == ["build", "login", "push"]
    asked = (deployment.folder / "deploy.log").read_text().splitlines()
    given = dict(pair.split("=", 1) for pair in asked[asked.index("--parameter-overrides") + 1:])
    # Each one: what is not named keeps what the last deployment gave it.
    assert set(given) == set(Stack().template["Parameters"]) and given["AlarmEmail"] == ""
    assert {name: given[name] for name in ("BucketName", "SpotifyRefreshTokenArn")} == {
        "BucketName": "lake", "SpotifyRefreshTokenArn": PARAMETERS["SpotifyRefreshTokenArn"]}
    # Another deployment of the same commit: its image is there.
    image = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {}, "layers": []}
    [built] = [line for line in (deployment.folder / "container.log").read_text().splitlines() if line.startswith("build ")]
    # The task's processor, whatever this machine's is; and what is in it.
    assert "--platform linux/amd64" in built and task_definition()["runtimePlatform"]["cpuArchitecture"] == "X86_64"
    tag = re.search(r" -t \S+:(\S+)", built).group(1)
    assert f"REVISION={tag} " in built and re.search(r"VERSION=\d+\.\d+\.\d+ ", built) and "SOURCE=" in built
    aws.client("ecr").create_repository(repositoryName="snowtrack")
    aws.client("ecr").put_image(repositoryName="snowtrack", imageManifest=json.dumps(image), imageTag=tag)
    assert deployment.deploy().returncode == 0
    assert deployment.container_calls() == ["build", "login", "push"]
    assert [arn.rsplit(":", 1)[1] for arn in revisions(aws)] == ["1", "2"]
    task = aws.client("ecs").describe_task_definition(taskDefinition="snowtrack")["taskDefinition"]
    [container] = task["containerDefinitions"]
    assert container["readonlyRootFilesystem"] and container["stopTimeout"] == 120
    assert 21 <= task["ephemeralStorage"]["sizeInGiB"]
    for secret in container["secrets"]:
        assert secret["valueFrom"].startswith("arn:aws:secretsmanager:")
    said = {one["name"]: one["value"] for one in container["environment"]}
    assert said["S3_BUCKET"] == "lake" and said["SNOWTRACK_ALERT_SNS_TOPIC"].startswith("arn:aws:sns:")
    assert not re.search(r"\$\{|None", json.dumps(task["containerDefinitions"]))


def as_cloudformation(value):
    """The same task as a template has it: names begin with capitals, but for the log driver's options."""
    if isinstance(value, list):
        return [as_cloudformation(one) for one in value]
    if isinstance(value, dict):
        return {name[0].upper() + name[1:]: inner if name == "options" else as_cloudformation(inner) for name, inner in value.items()}
    return value


def test_fargate_takes_the_tasks_sizes_and_settings(aws, deployment, tmp_path):
    """moto takes any pair of cpu and memory; cfn-lint knows Fargate's rules."""
    said = deployment.deploy("--dry-run").stdout
    for name, value in Stack().outputs.items():
        said = said.replace(f"<{name} of the stack>", value)
    task = as_cloudformation(json.loads(said))
    for change, wanted in (({}, 0), ({"Memory": "512"}, 2)):
        file = tmp_path / "task.json"
        resource = {"Type": "AWS::ECS::TaskDefinition", "Properties": {**task, **change}}
        file.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Task": resource}}))
        done = subprocess.run([BIN / "cfn-lint", file], capture_output=True, text=True)
        assert done.returncode == wanted, done.stdout


def test_where_snowflake_and_the_apps_secret_are_not_named_the_task_has_neither(aws, tmp_path):
    deployment = Deployment(aws, tmp_path, SNOWFLAKE_ACCOUNT="", SNOWFLAKE_USER="", SNOWFLAKE_PRIVATE_KEY_ARN="", SPOTIFY_CLIENT_SECRET_ARN="")
    [container] = json.loads(deployment.deploy("--dry-run").stdout)["containerDefinitions"]
    assert [one["name"] for one in container["secrets"]] == ["SPOTIFY_REFRESH_TOKEN"]
    assert not [one for one in container["environment"] if one["name"].startswith("SNOWFLAKE") or one["name"] == "SNOWTRACK_STREAM"]


def test_what_the_task_does_its_size_and_its_sinks_are_settings(aws, tmp_path):
    deployment = Deployment(
        aws, tmp_path, ARGUMENTS="run --mine --liked", SPOTIFY_PLAYLIST_IDS="", CPU="1024", MEMORY="2048", STACK="second", SNOWFLAKE_ROLE="LOADER",
        SNOWFLAKE_SCHEMA="LANDING", SNOWTRACK_ALERT_URL_ARN=SECRET + "alert-url", OTEL_EXPORTER_OTLP_ENDPOINT="https://otlp.example.org",
        GOOD_RUN_HOURS="0", EGRESS_PORT="4318", KINESIS_STREAM="changes")
    done = deployment.deploy("--dry-run")
    assert done.returncode == 0, done.stderr
    task = json.loads(done.stdout)
    [container] = task["containerDefinitions"]
    assert container["command"] == ["--log-format", "json", "--json", "run", "--mine", "--liked"]
    assert (task["cpu"], task["memory"]) == ("1024", "2048")
    said = {one["name"]: one["value"] for one in container["environment"]}
    assert "SPOTIFY_PLAYLIST_IDS" not in said and "SNOWFLAKE_WAREHOUSE" not in said
    assert (said["SNOWFLAKE_ROLE"], said["SNOWFLAKE_SCHEMA"]) == ("LOADER", "LANDING")
    assert said["OTEL_EXPORTER_OTLP_ENDPOINT"] == "https://otlp.example.org"
    assert said["SNOWTRACK_STREAM"] == "kinesis://changes" and "KinesisStream=changes " in done.stderr
    # Two stacks of one account do not silence each other.
    assert said["SNOWTRACK_METRICS_NAMESPACE"] == "second" and "MetricsNamespace=second" in done.stderr
    assert {"name": "SNOWTRACK_ALERT_URL", "valueFrom": SECRET + "alert-url"} in container["secrets"]
    assert "GoodRunHours=0 " in done.stderr and "EgressPort=4318 " in done.stderr


def test_what_was_not_committed_gets_a_tag_of_its_own(aws, tmp_path):
    """The image of a commit that is there already would go out in its place."""
    copy = tmp_path / "copy"
    for name in ("ecs", "docker"):
        shutil.copytree(ROOT / name, copy / name)
    for name in (".dockerignore", "Cargo.toml", "build.rs"):
        shutil.copy(ROOT / name, copy / name)
    git = ["git", "-C", copy, "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"], ["remote", "add", "origin", "https://me:hunter2@example.org/x.git"]):
        subprocess.run([*git, *arguments], check=True)
    deployment = Deployment(aws, tmp_path)

    def tag():
        done = deployment.deploy("--dry-run", root=copy)
        assert done.returncode == 0, done.stderr
        assert "SOURCE=https://example.org/x.git" in done.stderr and "hunter2" not in done.stderr
        return json.loads(done.stdout)["containerDefinitions"][0]["image"].split(":")[-1], "what lies here" in done.stderr

    commit = tag()
    assert re.fullmatch(r"[0-9a-f]{12}", commit[0]) and not commit[1]
    (copy / "build.rs").write_text("fn main() {}")
    changed = tag()
    (copy / "src").mkdir()
    (copy / "src/new.rs").write_text("// new")
    new = tag()
    (copy / "build.rs").unlink()
    assert len({commit[0], changed[0], new[0], tag()[0]}) == 4
    assert changed[1] and changed[0].startswith(commit[0] + "-") and tag() == tag()


@pytest.mark.parametrize("changes, word", [
    ({"BUCKET": ""}, "BUCKET"), ({"SPOTIFY_PLAYLIST_IDS": ""}, "SPOTIFY_PLAYLIST_IDS"), ({"SNOWFLAKE_USER": ""}, "SNOWFLAKE_USER"), ({"BUKET": "x"}, "BUKET"), ({"STACK": 'a"b'}, "STACK"),
])
def test_settings_that_cannot_be_right_are_named_before_anything_is_done(aws, tmp_path, changes, word):
    deployment = Deployment(aws, tmp_path, **changes)
    done = deployment.deploy()
    assert done.returncode == 2 and f"`{word}`" in done.stderr
    assert deployment.container_calls() == [] and aws.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_the_tasks_settings_are_the_programs(planned):
    """Each variable of the task is one that the program reads."""
    [container] = task_definition()["containerDefinitions"]
    known = set(re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = {one["name"] for one in container["environment"] + container["secrets"]} | {"SNOWTRACK_REPORT_TO"}
    # These are the standard's own; the file names them in its head.
    known |= set(re.findall(r"OTEL_[A-Z_]+", (ROOT / ".env.example").read_text()))
    assert named <= known
