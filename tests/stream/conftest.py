"""The real binary, moto's Kinesis behind a front, and what core holds."""

import hashlib
import json
import os
import pathlib
import subprocess
import uuid

import boto3
import duckdb
import pytest
from front import Front
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SNOWTRACK = TARGET / "debug" / "snowtrack"
REGION = "eu-central-1"
KEYS = {
    "albums": ["id"], "artists": ["id"], "songs": ["id"], "playlists": ["id"],
    "song_artists": ["song_id", "artist_position"], "genres": ["artist_id", "genre"],
    "playlist_songs": ["playlist_id", "snapshot_id", "position"], "song_observations": ["song_id", "observed_on"],
}


class World:
    """A data directory of its own."""

    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment

    def start(self, *arguments, **more):
        command = [SNOWTRACK, "--json", *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env={**self.environment, **more}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def run(self, *arguments, **more):
        """Exit code and the document."""
        child = self.start(*arguments, **more)
        out, err = child.communicate(timeout=180)
        assert out, err
        return child.returncode, json.loads(out)

    def core(self):
        """Key and hash of each row, by table and key."""
        rows = {}
        with duckdb.connect(str(self.folder / "data/spotify.duckdb"), read_only=True) as file:
            for table, key in KEYS.items():
                names = ", ".join(f'"{name}"::varchar' for name in key)
                for *key_of, row_hash in file.sql(f"select {names}, row_hash::varchar from core.{table}").fetchall():
                    rows[table, key_text(table, key_of)] = row_hash
        assert len(rows) > 100
        return rows


def key_text(table, key):
    numbers = [int(it) if name in ("artist_position", "position") else it for name, it in zip(KEYS[table], key)]
    return json.dumps(numbers, separators=(",", ":"), ensure_ascii=False)


def check(event):
    """That an event is as the contract has it. It has table, key (a JSON text), value, op, event_id and run_id."""
    value = event["value"]
    row_hash = value["row_hash"] if value else ""
    text = "\x1f".join([event["table"], event["key"], event["run_id"], row_hash])
    assert event["event_id"] == hashlib.sha256(text.encode()).hexdigest(), event
    assert event["op"] == ("upsert" if value else "delete"), event
    if value:
        assert key_text(event["table"], [value[name] for name in KEYS[event["table"]]]) == event["key"], event
        assert value["run_id"] == event["run_id"], event


def compacted(events):
    rows = {}
    for event in events:
        key = event["table"], event["key"]
        if event["value"]:
            rows[key] = event["value"]["row_hash"]
        else:
            rows.pop(key, None)
    return rows


def sent(report):
    return sum(it["event_count"] for it in report["streams"]), sum(it["acknowledged_count"] for it in report["streams"])


@pytest.fixture(scope="session")
def moto():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Kinesis:
    """A stream of this test's own, behind a front."""

    def __init__(self, moto):
        self.front, self.name = Front(moto), f"changes-{uuid.uuid4().hex[:8]}"
        self.client = boto3.client(
            "kinesis", endpoint_url=moto, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.client.create_stream(StreamName=self.name, ShardCount=3)
        self.environment = {
            "SNOWTRACK_STREAM": f"kinesis://{self.name}", "AWS_ENDPOINT_URL_KINESIS": self.front.url, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true",
        }

    def events(self):
        """Every event of ours, in the order of each shard."""
        found = []
        for shard in self.client.list_shards(StreamName=self.name)["Shards"]:
            iterator = self.client.get_shard_iterator(
                StreamName=self.name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while iterator:
                answer = self.client.get_records(ShardIterator=iterator, Limit=10_000)
                for record in answer["Records"]:
                    event = json.loads(record["Data"])
                    key = json.dumps(event["key"], separators=(",", ":"), ensure_ascii=False)
                    assert record["PartitionKey"] == event["table"] + key
                    found.append({**event, "key": key, "shard": shard["ShardId"]})
                iterator = answer["NextShardIterator"] if answer["Records"] else None
        return found


@pytest.fixture
def kinesis(moto):
    kinesis = Kinesis(moto)
    yield kinesis
    kinesis.front.close()


@pytest.fixture
def world(tmp_path, kinesis):
    return World(tmp_path, kinesis.environment)
