"""The stack as data: ecs/stack.yaml with its parameters put in.

Knows the few intrinsic functions that the template uses and refuses any other, so that nothing is compared that was not resolved.
"""

import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "ecs" / "stack.yaml"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
#: Who is told; the other is of what repeats it.
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:snowtrack"

#: What a deployment with everything says.
PARAMETERS = {
    "BucketName": "lake",
    "VpcId": "vpc-0123456789abcdef0",
    "SubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "SpotifyRefreshTokenArn": SECRET + "spotify-refresh-token-AbCdEf",
    "SpotifyClientSecretArn": SECRET + "spotify-client-secret-AbCdEf",
    "SnowflakePrivateKeyArn": SECRET + "snowflake-key-AbCdEf",
    "SnowflakeUserArn": "arn:aws:iam::999999999999:user/snowflake",
    "SnowflakeExternalId": "MYORG_SFCRole=1_abc",
    "SnowpipeQueueArn": f"arn:aws:sqs:{REGION}:999999999999:sf-snowpipe-AIDA-abc",
    "AlarmEmail": "operator@example.org",
    "MetricsNamespace": "snowtrack",
}


def task_definition():
    """As it is written: names that deploy.sh fills in stand for themselves."""
    return json.loads((ROOT / "ecs/task-definition.json").read_text().replace("${COMMAND}", '"${COMMAND}"'))


class _Tag:
    def __init__(self, name, value):
        self.name, self.value = name, value


def _construct(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return _Tag(suffix, value)


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_multi_constructor("!", _construct)
_NOTHING = object()


def template():
    """The template as it is written, its functions as tags."""
    return yaml.load(TEMPLATE.read_text(), _Loader)


class Stack:
    """The resolved template."""

    def __init__(self, **changes):
        self.template = template()
        given = {**PARAMETERS, **changes}
        self.values = {}
        for name, parameter in self.template["Parameters"].items():
            value = given.pop(name, parameter.get("Default"))
            assert value is not None, f"{name} has no value"
            self.values[name] = value
        assert not given, f"not parameters of the stack: {given}"
        self.values |= {
            "AWS::StackName": "snowtrack",
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": "aws",
        }
        self.resources = {
            name: self.resolve(resource)
            for name, resource in self.template["Resources"].items()
        }
        self.outputs = {
            name: self.resolve(output["Value"]) for name, output in self.template["Outputs"].items()
        }

    def properties(self, name):
        return self.resources[name]["Properties"]

    def policy(self, role):
        """The one inline policy of a role."""
        [policy] = self.properties(role)["Policies"]
        return policy["PolicyDocument"]

    def definition(self):
        """The state machine's definition with its substitutions."""
        machine = self.properties("StateMachine")

        def fill(value):
            if isinstance(value, dict):
                return {name: fill(inner) for name, inner in value.items()}
            if isinstance(value, list):
                return [fill(inner) for inner in value]
            if isinstance(value, str):
                for name, text in machine["DefinitionSubstitutions"].items():
                    value = value.replace("${" + name + "}", text)
                assert "${" not in value, value
            return value

        return fill(machine["Definition"])

    def resolve(self, value):
        if isinstance(value, dict):
            # Of a definition only tags are ours to resolve; its own `${…}` are substitutions.
            found = {name: self.resolve(inner) for name, inner in value.items()}
            return {name: inner for name, inner in found.items() if inner is not _NOTHING}
        if isinstance(value, list):
            found = [self.resolve(inner) for inner in value]
            return [inner for inner in found if inner is not _NOTHING]
        if not isinstance(value, _Tag):
            return value
        return getattr(self, "_" + value.name.lower())(value.value)

    def _ref(self, name):
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self.values:
            return self.values[name]
        return self._attribute(name, "Ref")

    def _getatt(self, path):
        name, attribute = path.split(".")
        return self._attribute(name, attribute)

    def _sub(self, text):
        def one(match):
            name = match.group(1)
            value = self._getatt(name) if "." in name else self._ref(name)
            return value
        return re.sub(r"\$\{([A-Za-z:.]+)\}", one, text)

    def _if(self, parts):
        condition, yes, no = parts
        return self.resolve(yes if self.condition(condition) else no)

    def _equals(self, parts):
        one, other = (self.resolve(part) for part in parts)
        return one == other

    def _not(self, parts):
        [part] = parts
        return not self.resolve(part)

    def condition(self, name):
        return self.resolve(self.template["Conditions"][name])

    def _attribute(self, name, attribute):
        """What AWS would answer: names where we give them, ARNs by their form."""
        kind = self.template["Resources"][name]["Type"]
        properties = self.template["Resources"][name]["Properties"]

        def named(key):
            return self.resolve(properties[key])

        place = f"{REGION}:{ACCOUNT}"
        known = {
            ("AWS::S3::Bucket", "Ref"): lambda: named("BucketName"),
            ("AWS::S3::Bucket", "Arn"): lambda: "arn:aws:s3:::" + named("BucketName"),
            ("AWS::ECR::Repository", "Arn"): lambda: f"arn:aws:ecr:{place}:repository/" + named("RepositoryName"),
            ("AWS::ECR::Repository", "RepositoryUri"): lambda: f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/" + named("RepositoryName"),
            ("AWS::ECS::Cluster", "Ref"): lambda: named("ClusterName"),
            ("AWS::ECS::Cluster", "Arn"): lambda: f"arn:aws:ecs:{place}:cluster/" + named("ClusterName"),
            ("AWS::IAM::Role", "Arn"): lambda: f"arn:aws:iam::{ACCOUNT}:role/" + named("RoleName"),
            ("AWS::Logs::LogGroup", "Ref"): lambda: named("LogGroupName"),
            ("AWS::Logs::LogGroup", "Arn"): lambda: f"arn:aws:logs:{place}:log-group:{named('LogGroupName')}:*",
            ("AWS::SNS::Topic", "Ref"): lambda: f"arn:aws:sns:{place}:" + named("TopicName"),
            ("AWS::StepFunctions::StateMachine", "Ref"): lambda: f"arn:aws:states:{place}:stateMachine:" + named("StateMachineName"),
            ("AWS::EC2::SecurityGroup", "GroupId"): lambda: "sg-0123456789abcdef0",
        }
        return known[kind, attribute]()
