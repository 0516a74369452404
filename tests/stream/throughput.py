"""How fast a replay is, and how much memory it takes, beside a plain producer loop on the same cluster in the same run.

    python throughput.py [--snowtrack target/release/snowtrack] [--rows 1000000] [--rounds 3]

The binary has to be built with Kafka (`make build`). The share is that of the best round of each; below a half the exit code is 1, and above
300 MB, too.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import duckdb
from confluent_kafka import Producer
from test_kafka import Cluster

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "snowtrack"
VALUE = json.dumps({
    "id": "0" * 22, "name": "Song number 123456", "added_at": "2024-05-01T10:00:00Z", "duration_ms": 200000, "popularity": 50,
    "url": "https://open.spotify.com/track/" + "0" * 22, "album_id": "0" * 22, "artist_ids": "0" * 22, "run_id": "0" * 26,
    "extracted_at": "2024-05-01T10:00:00Z", "row_hash": "1" * 20,
})
FILL = """
insert into core.songs
select *, staging.songs_hash(id, name, added_at, duration_ms, popularity, url, album_id, artist_ids) as row_hash
from (
    select
        printf('%022d', n) as id, 'Song number ' || n as name, timestamp '2024-05-01 10:00:00' as added_at, 200000 as duration_ms,
        n % 101 as popularity, 'https://open.spotify.com/track/' || printf('%022d', n) as url, printf('%022d', n % 9999) as album_id,
        printf('%022d', n % 9998) as artist_ids, (select max(run_id) from meta.runs) as run_id, timestamp '2024-05-01 10:00:00' as extracted_at
    from range({rows}) as t(n)
)
"""


def most_resident(process_id):
    """Megabytes that it had at most so far."""
    try:
        status = pathlib.Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def replayed(snowtrack, servers, rows):
    """Seconds and megabytes of a replay."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"SNOWTRACK_STREAM": f"kafka://{servers}"}

        def run(*arguments):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            child = subprocess.Popen([snowtrack, "--json", *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            # The system's own maximum counts what this process had when it began the child.
            peak = 0
            while child.poll() is None:
                peak = max(peak, most_resident(child.pid))
                time.sleep(0.05)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert child.returncode == 0, arguments
            took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return json.loads(child.stdout.read()), peak, took

        run("run", "--demo")
        with duckdb.connect(f"{folder}/data/snowtrack.duckdb") as ledger:
            ledger.execute(FILL.format(rows=rows))
        began = time.monotonic()
        answer, peak, processor = run("stream", "--replay", "--table", "songs")
        took = time.monotonic() - began
    assert answer["status"] == "sent" and answer["streams"][0]["acknowledged_count"] >= rows, answer
    print(f"replay: {rows} events in {took:.1f} s = {rows / took:.0f}/s, {processor:.1f} s of processors, {peak} MB at most", flush=True)
    return took, peak


def looped(servers, rows):
    """Seconds of a plain producer loop of the same events, with the same settings."""
    plain = Producer({
        "bootstrap.servers": servers, "enable.idempotence": True, "compression.codec": "zstd", "linger.ms": 5,
        "queue.buffering.max.messages": 100_000,
    })
    headers = [("op", "upsert"), ("event_id", "0" * 64), ("run_id", "0" * 26), ("schema_version", "1")]
    began = time.monotonic()
    for at in range(rows):
        while True:
            try:
                plain.produce("plain", VALUE, f'["{at:022d}"]', headers=headers)
                break
            except BufferError:
                plain.poll(0.1)
        if at % 1000 == 0:
            plain.poll(0)
    plain.flush()
    took = time.monotonic() - began
    print(f"plain loop: {rows} events in {took:.1f} s = {rows / took:.0f}/s", flush=True)
    return took


def main(arguments):
    cluster, rows = Cluster(), arguments.rows
    replays, loops = [], []
    for _ in range(arguments.rounds):
        replays.append(replayed(arguments.snowtrack, cluster.servers, rows))
        loops.append(looped(cluster.servers, rows))
    took, peak = min(it[0] for it in replays), max(it[1] for it in replays)
    share = min(loops) / took
    print(f"the replay has {share:.2f} of the plain loop, and {peak} MB at most")
    return 0 if share >= 0.5 and peak < 300 else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snowtrack", default=str(RELEASE), type=os.path.abspath)
    parser.add_argument("--rows", default=1_000_000, type=int)
    parser.add_argument("--rounds", default=1, type=int)
    sys.exit(main(parser.parse_args()))
