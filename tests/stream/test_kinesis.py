"""Kinesis, with refusals and lost answers on command: nothing is lost, each key keeps its order, and what was sent is proven."""

import json

import duckdb
import pytest
from conftest import World, check, compacted, sent
from front import TOO_MUCH, Plan


def rows(report):
    return sum(it["row_count"] for it in report["tables"])


def proof(world):
    code, document = world.run("verify", "--stream")
    return code, document["verification"]["verdict"], document


def test_the_stream_holds_what_core_holds_and_only_changes_come_after(world, kinesis):
    code, report = world.run("run", "--demo")
    assert code == 0, report
    first = kinesis.events()
    assert sent(report) == (len(first), len(first)) and len(first) == rows(report)
    for event in first:
        check(event)
    before = world.core()
    assert compacted(first) == before
    code, report = world.run("run", "--demo")
    both, after = kinesis.events(), world.core()
    changed = [key for key, it in after.items() if before.get(key) != it]
    gone = [key for key in before if key not in after]
    assert sent(report)[0] == len(changed) + len(gone) == len(both) - len(first)
    assert compacted(both) == after
    code, report = world.run("run", "--demo", "--full")
    assert (code, sent(report)) == (0, (0, 0))
    assert proof(world)[:2] == (0, "verified")


def test_what_is_refused_is_sent_again_and_no_key_loses_its_order(world, kinesis):
    def script(number, count):
        if number % 5 == 0:
            return Plan(error=TOO_MUCH)
        return Plan(refused=tuple(range(number % 3, count, 3)) if count > 3 else ())

    kinesis.front.script = script
    for _ in range(2):
        code, report = world.run("run", "--demo")
        assert code == 0 and sent(report)[0] == sent(report)[1], report
    events = kinesis.events()
    assert len({it["event_id"] for it in events}) == len(events), "what was refused was not taken"
    runs = {}
    for event in events:
        seen = runs.setdefault((event["table"], event["key"]), [])
        assert not seen or seen[-1][0] < event["run_id"], event
        assert not seen or seen[-1][1] == event["shard"], "a key has one shard"
        seen.append((event["run_id"], event["shard"]))
    assert compacted(events) == world.core()
    assert len(kinesis.front.calls) > 16
    assert proof(world)[:2] == (0, "verified")


def test_a_stream_that_throttles_for_too_long_is_left_for_the_next_run(world, kinesis):
    kinesis.front.script = lambda number, count: Plan(error=TOO_MUCH)
    code, report = world.run("run", "--demo", SNOWTRACK_STREAM_TIMEOUT_SECS="2")
    assert code == 8 and report["status"] == "pending", report
    assert "throttles" in report["error"] and len(report["files"]) >= 6, report
    assert {it["state"] for it in report["streams"] if it["event_count"]} == {"pending"}
    kinesis.front.script = None
    code, report = world.run("run", "--demo")
    assert code == 0 and compacted(kinesis.events()) == world.core()


def test_a_lost_answer_is_asked_again_under_the_same_ids(world, kinesis):
    kinesis.front.script = lambda number, count: Plan(is_lost=number in (1, 4))
    code, report = world.run("run", "--demo")
    assert code == 0, report
    events = kinesis.events()
    distinct = {it["event_id"] for it in events}
    assert len(distinct) == rows(report) < len(events)
    assert compacted(events) == world.core()
    assert proof(world)[:2] == (0, "verified")


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 9))
def test_killed_at_any_batch_it_sends_the_rest_and_repeats_under_the_same_ids(world, kinesis, where, call):
    child = world.start("run", "--demo")

    def kill(number):
        if number == call and child.poll() is None:
            child.kill()
            child.wait()

    setattr(kinesis.front, where, kill)
    child.communicate(timeout=120)
    assert child.returncode == -9, "there are eight batches, one a table"
    setattr(kinesis.front, where, None)
    code, report = world.run("stream")
    assert code == 0, report
    events = kinesis.events()
    ids = {it["event_id"]: json.dumps({**it, "shard": ""}) for it in events}
    assert all(ids[it["event_id"]] == json.dumps({**it, "shard": ""}) for it in events), "a repeat is the same event"
    assert compacted(events) == world.core() and len(ids) == len(world.core())
    assert proof(world)[:2] == (0, "verified")


def test_a_record_that_is_gone_or_altered_is_found_and_its_key_named(world, kinesis):
    world.run("run", "--demo")
    victim = next(it for it in kinesis.events() if it["table"] == "songs")
    key = json.loads(victim["key"])

    def of(document, table):
        return next(it for it in document["streams"] if it["table"] == table)

    kinesis.front.reads = lambda it: None if it["table"] == "songs" and it["key"] == key else it
    code, verdict, document = proof(world)
    assert (code, verdict) == (7, "mismatch"), document
    assert of(document, "songs")["differing_keys"] == [victim["key"]]
    assert of(document, "albums")["verdict"] == "verified"

    def altered(it):
        if it["table"] == "songs" and it["key"] == key:
            it["value"]["name"] = "another"
        return it

    kinesis.front.reads = altered
    code, verdict, document = proof(world)
    assert (code, verdict) == (7, "mismatch") and of(document, "songs")["differing_keys"] == [victim["key"]]
    kinesis.front.reads = lambda it: it
    assert proof(world)[:2] == (0, "verified")


def test_what_the_retention_took_is_said_to_be_expired_and_nothing_is_guessed(world, kinesis):
    world.run("run", "--demo")
    events = kinesis.events()
    shard = [it["event_id"] for it in events if it["shard"] == events[0]["shard"]]
    # The oldest of a shard are trimmed: a retention that was shorter for a while leaves no other trace.
    trimmed = set(shard[:5])
    kinesis.front.reads = lambda it: None if it["event_id"] in trimmed else it
    code, verdict, document = proof(world)
    assert (code, verdict) == (0, "expired"), document
    touched = {it["table"] for it in events if it["event_id"] in trimmed}
    assert {it["table"] for it in document["streams"] if it["verdict"] == "expired"} == touched
    assert {it["verdict"] for it in document["streams"] if it["table"] not in touched} == {"verified"}
    # One more that is missing behind what is there is no work of a retention.
    trimmed.add(next(it["event_id"] for it in reversed(events) if it["table"] not in touched and it["shard"] == events[0]["shard"]))
    assert proof(world)[:2] == (7, "mismatch")
    # A shard of which nothing is left.
    trimmed.update(shard)
    code, verdict, document = proof(world)
    assert (code, verdict) == (0, "expired"), document
    kinesis.front.reads = lambda it: it
    assert proof(world)[:2] == (0, "verified")
    # A day and an hour later; the stream keeps records for a day.
    with duckdb.connect(str(world.folder / "data/snowtrack.duckdb")) as ledger:
        ledger.execute("update meta.stream_batches set acknowledged_at = acknowledged_at - interval 25 hours")
    code, verdict, document = proof(world)
    assert (code, verdict) == (0, "expired") and {it["verdict"] for it in document["streams"]} == {"expired"}, document


def test_records_of_others_in_the_same_stream_are_nobodys_business(world, kinesis):
    kinesis.client.put_record(StreamName=kinesis.name, Data=b"not ours", PartitionKey="x")
    kinesis.front.after = lambda number: kinesis.client.put_record(
        StreamName=kinesis.name, Data=json.dumps({"table": "songs", "n": number}).encode(), PartitionKey=str(number)
    )
    assert world.run("run", "--demo")[0] == 0
    assert proof(world)[:2] == (0, "verified")


def test_a_stream_that_is_not_there_or_not_ours_is_named(tmp_path, kinesis):
    world = World(tmp_path, {**kinesis.environment, "SNOWTRACK_STREAM": "kinesis://nowhere"})
    code, report = world.run("run", "--demo")
    assert code == 2 and "`nowhere`" in report["error"] and report["files"], report
    world = World(tmp_path, kinesis.environment)
    assert world.run("run", "--demo")[0] == 0
    kinesis.client.create_stream(StreamName=kinesis.name + "-2", ShardCount=1)
    other = World(tmp_path, {**kinesis.environment, "SNOWTRACK_STREAM": f"kinesis://{kinesis.name}-2"})
    code, report = other.run("run", "--demo")
    assert code == 2 and "--replay" in report["error"] and not report["playlists"], report
    assert other.run("stream", "--replay")[0] == 0
    assert proof(other)[:2] == (0, "verified")


def test_after_a_resharding_both_halves_are_proven(world, kinesis):
    world.run("run", "--demo")
    shard = kinesis.client.list_shards(StreamName=kinesis.name)["Shards"][0]
    ends = shard["HashKeyRange"]
    middle = (int(ends["StartingHashKey"]) + int(ends["EndingHashKey"])) // 2
    kinesis.client.split_shard(StreamName=kinesis.name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle))
    assert world.run("run", "--demo")[0] == 0
    assert compacted(kinesis.events()) == world.core()
    code, verdict, document = proof(world)
    assert (code, verdict) == (0, "verified"), document
