"""What the binary sent, read by a client that others wrote, which plays the cluster, too (librdkafka's own)."""

import json

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from conftest import KEYS, World, check, compacted, sent


class Cluster:
    def __init__(self):
        self.host = Producer({"bootstrap.servers": "ignored:1", "test.mock.num.brokers": 3})
        brokers = self.host.list_topics(timeout=10).brokers.values()
        self.servers = ",".join(f"{it.host}:{it.port}" for it in brokers)

    def events(self):
        """Every event, in the order of each partition."""
        reader = Consumer({"bootstrap.servers": self.servers, "group.id": "reader", "enable.auto.commit": False})
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


@pytest.fixture
def cluster():
    return Cluster()


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
