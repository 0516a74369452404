"""moto as AWS, and the real binary."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

import boto3
import pytest
import requests
from moto.core.exceptions import SignatureDoesNotMatchError
from moto.iam.access_control import IAMRequest
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from stack import REGION, ROOT, Stack  # noqa: E402

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SNOWTRACK = TARGET / "debug" / "snowtrack"
DOUBLES = TARGET / "debug" / "snowtrack-doubles"


class Aws:
    """A moto of this test's own, whose IAM is off until somebody turns it on."""

    def __init__(self, url):
        self.url = url

    def client(self, service, keys=None):
        keys = keys or ("admin", "admin", None)
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION,
            aws_access_key_id=keys[0], aws_secret_access_key=keys[1], aws_session_token=keys[2],
        )

    def _after(self, calls):
        answer = requests.post(
            self.url + "/moto-api/reset-auth", data=calls, headers={"Content-Type": "text/plain"}
        )
        answer.raise_for_status()

    def enforce(self):
        """From the next call on IAM decides."""
        self._after("0")

    def trust(self):
        self._after("inf")

    def reset(self):
        self.trust()
        requests.post(self.url + "/moto-api/reset").raise_for_status()

    def role(self, name, policy):
        """A role that may do what the policy says, and nothing else; the keys of somebody who assumed it."""
        self.trust()
        iam = self.client("iam")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        found = self.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="task")["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


def answer_as_s3_does(monkeypatch):
    """S3 says 403, not 404, of an absent key to who may not list; moto does not know that."""
    authorize = S3Response._authenticate_and_authorize_s3_action

    def with_absence(self, bucket_name=None, key_name=None):
        authorize(self, bucket_name, key_name)
        if self.data.get("Action") != "GetObject" or not key_name:
            return
        bucket = self.backend.buckets.get(bucket_name)
        if bucket is not None and bucket.keys.get(key_name) is None:
            self.data["Action"] = "ListBucket"
            authorize(self, bucket_name, None)
            self.data["Action"] = "GetObject"

    monkeypatch.setattr(S3Response, "_authenticate_and_authorize_s3_action", with_absence)


def read_forms_as_aws_does(monkeypatch):
    """moto forgets how a form was written and signs it as Python writes one; a space is `%20` as well as `+`."""
    check = IAMRequest.check_signature

    def as_either(self):
        try:
            check(self)
        except SignatureDoesNotMatchError:
            if self._body:
                raise
            values = {name: value[0] if isinstance(value, list) else value for name, value in self._data.items()}
            self._body = urllib.parse.urlencode(values, quote_via=urllib.parse.quote, safe="")
            check(self)

    monkeypatch.setattr(IAMRequest, "check_signature", as_either)


@pytest.fixture(scope="session")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(server, monkeypatch):
    answer_as_s3_does(monkeypatch)
    read_forms_as_aws_does(monkeypatch)
    aws = Aws(server)
    aws.reset()
    yield aws
    aws.trust()


@pytest.fixture
def stack():
    return Stack()


def environment(aws, keys, **more):
    """A task's, and nothing of this machine's."""
    found = {
        "AWS_ENDPOINT_URL": aws.url, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_SESSION_TOKEN": keys[2],
    }
    return {name: value for name, value in {**found, **more}.items() if value}


def snowtrack(folder, environment, *arguments):
    """Runs the binary: exit code, standard output, standard error."""
    done = subprocess.run(
        [SNOWTRACK, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr
