"""How long it takes from a change at Spotify (the double) to its event in the topic, where a consumer reads it: p50, p99, and the most.

    python latency.py [--snowtrack PATH] [--doubles PATH] [--every 5s] [--changes 200]

Lists gain a song at random times. The event is seen by a consumer that waits for it: what librdkafka's fetch takes is counted with it.
"""

import argparse
import base64
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from test_kafka import Cluster

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBUG = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
SCOPES = "playlist-read-private playlist-read-collaborative playlist-modify-public playlist-modify-private"
CALLBACK = "http://127.0.0.1:8888/callback"
TOPIC = "spotify.playlist_songs"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Spotify:
    """The double, as its user, who makes lists and adds songs to them."""

    def __init__(self, program):
        self.child = subprocess.Popen([program, "spotify"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        told = json.loads(self.child.stdout.readline())["spotify"]
        self.api, accounts = told["api_url"].rstrip("/"), told["accounts_url"].rstrip("/")
        self.environment = {
            "SPOTIFY_API_URL": told["api_url"], "SPOTIFY_ACCOUNTS_URL": told["accounts_url"], "SPOTIFY_CLIENT_ID": told["client_id"],
            "SPOTIFY_CLIENT_SECRET": told["client_secret"], "SPOTIFY_REFRESH_TOKEN": told["refresh_token"],
        }
        asked = {"client_id": told["client_id"], "response_type": "code", "redirect_uri": CALLBACK, "scope": SCOPES, "state": "s"}
        try:
            urllib.request.build_opener(NoRedirect).open(f"{accounts}/authorize?{urllib.parse.urlencode(asked)}")
        except urllib.error.HTTPError as answer:
            code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["location"]).query)["code"][0]
        proof = base64.b64encode(f"{told['client_id']}:{told['client_secret']}".encode()).decode()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        asked = urllib.request.Request(
            f"{accounts}/api/token", urllib.parse.urlencode(form).encode(), {"authorization": f"Basic {proof}"}
        )
        self.token = json.load(urllib.request.urlopen(asked))["access_token"]
        # What it knows of: every id of a song in its lists.
        ids = (re.findall(r"spotify:track:(\w{22})", self.call("GET", f"/playlists/{it}")) for it in told["playlist_ids"])
        self.songs = sorted({song for found in ids for song in found})

    def call(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        data = json.dumps(body).encode() if body else None
        return urllib.request.urlopen(urllib.request.Request(self.api + path, data, headers, method=method)).read().decode()

    def list(self, name):
        return json.loads(self.call("POST", "/me/playlists", {"name": name, "public": False}))["id"]


def listen(servers, seen, stop):
    """Notes when each song of each list is first seen."""
    reader = Consumer({
        "bootstrap.servers": servers, "group.id": "latency", "enable.auto.commit": False, "fetch.wait.max.ms": 10,
    })
    partitions = reader.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    reader.assign([TopicPartition(TOPIC, it, OFFSET_BEGINNING) for it in partitions])
    while not stop.is_set():
        message = reader.poll(0.2)
        if message is not None and message.error() is None and message.value():
            now, row = time.monotonic(), json.loads(message.value())
            seen.setdefault((row["playlist_id"], row["song_id"]), now)
    reader.close()


def main(arguments):
    spotify, cluster = Spotify(arguments.doubles), Cluster()
    lists = [spotify.list(f"List {number}") for number in range(3)]
    pairs = [(one, song) for one in lists for song in spotify.songs]
    random.shuffle(pairs)
    pairs = pairs[: arguments.changes]
    seen, changed, stop = {}, {}, threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**spotify.environment, "SNOWTRACK_STREAM": f"kafka://{cluster.servers}"}
        command = [arguments.snowtrack, "watch", "--every", arguments.every, "--json", "--quiet"]
        for one in lists:
            command += ["--playlist", one]
        watch = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
        spotify.call("POST", f"/playlists/{lists[0]}/items", {"uris": [f"spotify:track:{spotify.songs[0]}"]})
        pairs = [it for it in pairs if it != (lists[0], spotify.songs[0])]
        # From the round on that makes the topic.
        while not any(it["table"] == "playlist_songs" and it["acknowledged_count"] for it in json.loads(watch.stdout.readline())["streams"]):
            pass
        threading.Thread(target=lambda: [None for _ in watch.stdout], daemon=True).start()
        reader = threading.Thread(target=listen, args=(cluster.servers, seen, stop))
        reader.start()
        for one, song in pairs:
            time.sleep(random.uniform(1, 4))
            spotify.call("POST", f"/playlists/{one}/items", {"uris": [f"spotify:track:{song}"]})
            changed[one, song] = time.monotonic()
        until = time.monotonic() + 30
        while not changed.keys() <= seen.keys() and time.monotonic() < until:
            time.sleep(0.1)
        stop.set()
        reader.join()
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(30) == 130
    spotify.child.terminate()
    spotify.child.wait()
    missing = changed.keys() - seen.keys()
    assert not missing, f"{len(missing)} of {len(changed)} changes have no event"
    took = sorted(seen[it] - at for it, at in changed.items())
    at = lambda share: took[min(int(len(took) * share), len(took) - 1)]  # noqa: E731
    print(f"{len(took)} changes, --every {arguments.every}: p50 {at(0.5):.2f} s, p99 {at(0.99):.2f} s, the most {took[-1]:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snowtrack", default=str(DEBUG / "snowtrack"), type=os.path.abspath)
    parser.add_argument("--doubles", default=str(DEBUG / "snowtrack-doubles"), type=os.path.abspath)
    parser.add_argument("--every", default="5s")
    parser.add_argument("--changes", type=int, default=200)
    main(parser.parse_args())
