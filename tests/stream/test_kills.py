"""Killed at any write to the ledger, the same command sends the rest: every event is there, a repeat is the same one, and it is proven.

Every fifth write; with `EVERY_WRITE=1` each, which takes minutes.
"""

import json
import os
import pathlib
import shutil
import subprocess

import duckdb
import pytest
from conftest import World, check
from test_kafka import Cluster

HERE = pathlib.Path(__file__).parent
STEP = 1 if os.environ.get("EVERY_WRITE") else 5


def name(letter):
    return f"{letter}B1cD2eF3gH4iJ5kL6mN7o"


def thing(kind, letter, **more):
    return {"id": name(letter), "name": f"{kind} {letter}", "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{name(letter)}"}, **more}


def documents(snapshot, songs, genres):
    """A playlist, each song with its artists, and artists with their genres."""
    album = thing("album", "0", release_date="1999", total_tracks=9, artists=[thing("artist", "x")])
    rows = [
        {"added_at": "2024-05-01T10:00:00Z", "added_by": {"id": "someone"}, "is_local": False, "item": thing(
            "track", song, type="track", uri=f"spotify:track:{name(song)}", duration_ms=200_000, is_local=False, album=album,
            artists=[thing("artist", it) for it in artists],
        )}
        for song, artists in songs.items()
    ]
    items = {"href": "", "offset": 0, "limit": 100, "total": len(rows), "next": None, "items": rows}
    playlist = thing(
        "playlist", "9", type="playlist", snapshot_id=snapshot, public=True, collaborative=False, owner={"id": "someone"}, items=items
    )
    return {"playlist": playlist, "artists": {"artists": [thing("artist", it, genres=its) for it, its in genres.items()]}}


def run(world, *arguments):
    (world.folder / "in").mkdir(exist_ok=True)
    for file, document in documents(*arguments).items():
        (world.folder / "in" / f"{file}.json").write_text(json.dumps(document))
    code, report = world.run("run", "--from-dir", "in")
    assert code == 0, report


def another(cluster):
    return {"SNOWTRACK_STREAM": f"kafka://{cluster.servers}"}


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    library = tmp_path_factory.mktemp("killer") / "kill_at.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "kill_at.c", "-ldl"], check=True)
    return str(library)


@pytest.fixture(params=["everything", "changes"])
def ledger(request, tmp_path):
    """A ledger of which a stream lacks everything, or what changed since: rows, and tombstones of two tables."""
    first, world = Cluster(), World(tmp_path / "before", {})
    world.folder.mkdir()
    run(world, "s1", {"a": "xyz", "b": "xw"}, {"x": ["pop", "rock"], "y": ["pop"]})
    if request.param == "changes":
        world.environment = another(first)
        code, document = world.run("stream")
        if code == 2 and "built without Kafka" in document["error"]:
            pytest.skip("the binary was built without Kafka")
        assert code == 0, document
        world.environment = {}
    run(world, "s2", {"a": "xz", "b": "xw", "c": "v"}, {"x": ["rock"], "y": ["pop"]})
    return world.folder / "data"


def begun(ledger, folder):
    """A copy of the ledger beside a cluster of its own, which is the one that was sent everything so far."""
    cluster, world = Cluster(), World(folder, {})
    world.environment = another(cluster)
    shutil.copytree(ledger, folder / "data")
    with duckdb.connect(str(folder / "data/snowtrack.duckdb")) as copy:
        copy.execute("update meta.streams set stream = ?", [f"cluster {cluster.host.list_topics(timeout=10).cluster_id}, topics spotify.*"])
        # What lies in the other cluster is not asked for.
        copy.execute("update meta.stream_batches set state = 'elsewhere'")
    return cluster, world


def events(cluster):
    """Each event as a text, by its id."""
    found = {}
    for event in cluster.events():
        check(event)
        text = json.dumps(event, sort_keys=True)
        assert found.setdefault(event["event_id"], text) == text, "a repeat is the same event, in the same partition"
    return found


def test_killed_at_any_write_to_the_ledger_nothing_is_lost_and_a_repeat_is_the_same_event(ledger, killer, tmp_path):
    cluster, world = begun(ledger, tmp_path / "undisturbed")
    code, document = world.run("stream")
    assert code == 0, document
    wanted = events(cluster)
    assert len(wanted) == sum(it["event_count"] for it in document["streams"]) > 5
    for at in range(1, 1000, STEP):
        cluster, world = begun(ledger, tmp_path / str(at))
        child = world.start("stream", LD_PRELOAD=killer, KILL_AT=str(at))
        out, err = child.communicate(timeout=60)
        if child.returncode == 0:
            break
        assert child.returncode == -9, (at, out, err)
        code, document = world.run("stream")
        assert code == 0, (at, document)
        assert events(cluster) == wanted, at
        code, document = world.run("verify", "--stream")
        assert (code, document["verdict"]) == (0, "verified"), (at, document)
    # Each batch is noted before and after.
    tables = sum(it["event_count"] > 0 for it in json.loads(out)["streams"])
    print(f"{at - 1} writes, {tables} tables, {len(wanted)} events")
    assert at > 4 * tables
