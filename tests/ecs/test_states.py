"""The state machine by exit code, walked by states.py; its calls of ECS, S3 and SNS go to moto under the state machine's own policy."""

import json

import pytest
from botocore.exceptions import ClientError
from stack import REGION, TOPIC
from states import TaskError, Walk
from test_policies import for_moto, listed

RUN = "arn:aws:states:::ecs:runTask.sync"
READ = "arn:aws:states:::aws-sdk:s3:getObject"
TELL = "arn:aws:states:::sns:publish"

#: What each integration asks of AWS: Step Functions' own documentation of IAM for ECS (`.sync`), S3 and SNS.
NEEDS = {
    RUN: {"ecs:RunTask", "ecs:StopTask", "ecs:DescribeTasks", "events:PutTargets", "events:PutRule", "events:DescribeRule", "iam:PassRole"},
    READ: {"s3:GetObject"},
    TELL: {"sns:Publish"},
}


def stopped(code):
    """The task as `.sync` has it."""
    container = {"Name": "snowtrack", "LastStatus": "STOPPED"} | ({} if code is None else {"ExitCode": code})
    # What an account can put into each task; its code is nobody's business.
    beside = {"Name": "aws-guardduty-agent", "LastStatus": "STOPPED", "ExitCode": 0 if code else 1}
    return {"ClusterArn": "c", "Containers": [beside, container], "LastStatus": "STOPPED", "StopCode": "EssentialContainerExited"}


class Play:
    """Tasks that end with these codes in turn. S3 and SNS are moto's, with the role's keys."""

    def __init__(self, aws, stack, codes, reports=(), without=()):
        admin = aws.client("s3")
        admin.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        topic = aws.client("sns").create_topic(Name="snowtrack")["TopicArn"]
        assert topic == TOPIC
        queue = aws.client("sqs").create_queue(QueueName="told")["QueueUrl"]
        aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:told")
        policy = stack.policy("StateMachineRole")
        for statement in policy["Statement"]:
            statement["Action"] = [one for one in listed(statement["Action"]) if one not in without]
        policy["Statement"] = [one for one in policy["Statement"] if one["Action"]]
        self.aws, self.queue, self.codes, self.reports = aws, queue, list(codes), list(reports)
        self.keys = aws.role("states", for_moto(policy))
        self.environments, self.fails_beside = [], False

    def __call__(self, resource, asked):
        return {RUN: self.run, READ: self.read, TELL: self.tell}[resource](asked)

    def run(self, asked):
        assert asked["TaskDefinition"] == "snowtrack" and asked["LaunchType"] == "FARGATE"
        [override] = asked["Overrides"]["ContainerOverrides"]
        [variable] = override["Environment"]
        self.environments.append(variable["Value"])
        report = self.reports.pop(0) if self.reports else None
        if report is not None:
            bucket, key = variable["Value"].removeprefix("s3://").split("/", 1)
            self.aws.trust()
            self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(report))
        code = self.codes.pop(0)
        if isinstance(code, Exception):
            raise code
        # Also where only the container beside it failed.
        if code != 0 or self.fails_beside:
            raise TaskError("States.TaskFailed", json.dumps(stopped(code), separators=(",", ":")))
        return stopped(0)

    def call(self, service, method, asked):
        self.aws.enforce()
        try:
            return getattr(self.aws.client(service, self.keys), method)(**asked)
        except ClientError as error:
            raise TaskError(service.upper() + "." + error.response["Error"]["Code"], str(error)) from error

    def read(self, asked):
        return {"Body": self.call("s3", "get_object", asked)["Body"].read().decode()}

    def tell(self, asked):
        return {"MessageId": self.call("sns", "publish", asked)["MessageId"]}

    def told(self):
        self.aws.trust()
        found = self.aws.client("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"])["Message"] for one in found]


@pytest.fixture
def walk(aws, stack):
    def go(codes, reports=(), without=()):
        play = Play(aws, stack, codes, reports, without)
        return Walk(stack.definition(), play, {"Execution": {"Name": "e1"}}), play
    return go


def test_exit_code_0_ends_and_tells_nobody(walk):
    walked, play = walk([0])
    assert (walked.outcome, walked.visited, play.told()) == ("succeeded", ["Begin", "Run", "Ours", "Decide", "Done"], [])


def test_a_container_that_the_account_puts_beside_it_decides_nothing(aws, stack):
    play = Play(aws, stack, [0])
    play.fails_beside = True
    walked = Walk(stack.definition(), play, {"Execution": {"Name": "e1"}})
    assert (walked.outcome, play.told()) == ("succeeded", [])


@pytest.mark.parametrize("code", [1, 2, 130, 137, 255])
def test_an_exit_code_that_the_program_cannot_have_told_of_fails_at_once_and_tells_the_topic(walk, code):
    walked, play = walk([code])
    assert (walked.outcome, walked.waits) == ("failed", [])
    [message] = play.told()
    assert f"exit code {code} in try 1 of execution e1" in message and "s3://lake/reports/e1-1.json" in message


@pytest.mark.parametrize("code", [3, 4, 5, 6, 7])
def test_an_exit_code_that_the_program_tells_of_itself_fails_at_once_and_is_not_told_twice(walk, code):
    walked, play = walk([code])
    assert (walked.outcome, walked.waits, play.told()) == ("failed", [], [])


def test_a_login_that_ended_in_a_run_is_the_programs_to_tell(walk):
    walked, play = walk([2], [{"status": "failed", "not_before": None}])
    assert (walked.outcome, play.told()) == ("failed", [])


def test_exit_code_8_waits_until_the_reports_time_and_the_next_try_ends(walk):
    walked, play = walk([8, 0], [{"not_before": "2026-12-01T05:00:00Z"}, {"not_before": None}])
    assert (walked.outcome, walked.waits, play.told()) == ("succeeded", ["2026-12-01T05:00:00Z"], [])
    # Each try writes its own.
    assert play.environments == ["s3://lake/reports/e1-1.json", "s3://lake/reports/e1-2.json"]


def test_exit_code_8_without_a_time_or_without_a_report_waits_a_while(walk):
    walked, play = walk([8, 8, 0], [{"not_before": None}, None])
    assert (walked.outcome, walked.waits, play.told()) == ("succeeded", [900, 900], [])


def test_exit_code_8_is_repeated_three_times_and_then_fails(walk):
    walked, play = walk([8] * 4, [{"not_before": f"2026-12-0{day}T05:00:00Z"} for day in range(1, 5)])
    # Runs that end with 8 in a row are told of by the program.
    assert (walked.outcome, len(walked.waits), len(play.environments), play.told()) == ("failed", 3, 4, [])


def test_a_state_that_another_task_holds_through_every_try_is_told(walk):
    walked, play = walk([8] * 4)
    assert (walked.outcome, len(walked.waits), len(play.environments)) == ("failed", 3, 4)
    [message] = play.told()
    assert "exit code 8 in try 4" in message


def test_a_kill_after_a_pause_is_told_as_one(walk):
    walked, play = walk([8, 137], [None, None])
    assert walked.outcome == "failed" and "exit code 137 in try 2" in play.told()[0]


@pytest.mark.parametrize("failure", [
    TaskError("States.TaskFailed", json.dumps(stopped(None), separators=(",", ":"))),
    TaskError("States.TaskFailed", "CannotPullContainerError: image not found"),
    TaskError("ECS.AccessDeniedException", "not authorized to perform: ecs:RunTask"),
    TaskError("States.Timeout", "6 hours"),
])
def test_a_task_that_never_came_to_an_exit_code_is_told_with_its_reason(walk, failure):
    walked, play = walk([failure])
    assert walked.outcome == "failed"
    [message] = play.told()
    assert "did not start" in message and failure.cause[:20] in message.replace("\\", "")


def test_the_role_may_do_what_its_integrations_ask_and_nothing_else(stack):
    used = {state["Resource"] for state in stack.definition()["States"].values() if state["Type"] == "Task"}
    needed = set().union(*(NEEDS[resource] for resource in used))
    allowed = {action for one in stack.policy("StateMachineRole")["Statement"] for action in listed(one["Action"])}
    assert allowed == needed


def test_without_the_right_to_read_reports_the_time_is_lost_and_without_the_one_to_tell_nobody_is_told(walk, aws):
    walked, _ = walk([8, 0], [{"not_before": "2026-12-01T05:00:00Z"}], without=["s3:GetObject"])
    assert walked.waits == [900]
    aws.reset()
    walked, play = walk([1], without=["sns:Publish"])
    assert (walked.outcome, play.told()) == ("failed", [])


def test_the_definition_is_taken_and_the_scheduler_may_start_it_and_nothing_else(aws, stack):
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name="snowtrack", definition=json.dumps(stack.definition()), roleArn=stack.properties("StateMachine")["RoleArn"])
    assert machine["stateMachineArn"] == stack.properties("Schedule")["Target"]["Arn"]
    [statement] = stack.policy("SchedulerRole")["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("states:StartExecution", machine["stateMachineArn"])
    keys = aws.role("scheduler", for_moto(stack.policy("SchedulerRole")))
    bare = aws.role("nobody", {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
    aws.enforce()
    assert aws.client("stepfunctions", keys).start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    with pytest.raises(ClientError, match="states:StartExecution"):
        aws.client("stepfunctions", bare).start_execution(stateMachineArn=machine["stateMachineArn"])
