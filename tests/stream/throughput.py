"""How fast a replay is, and how much memory it takes, beside a plain producer loop on the same cluster in the same run.

    python throughput.py [ROWS]      snowtrack as `target/release/snowtrack`, or what SNOWTRACK names
"""

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
SNOWTRACK = os.environ.get("SNOWTRACK", str(ROOT / "target/release/snowtrack"))
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


def main(rows):
    cluster = Cluster()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"SNOWTRACK_STREAM": f"kafka://{cluster.servers}"}
        run = lambda *arguments: subprocess.run([SNOWTRACK, "--json", *arguments], cwd=folder, env=environment, check=True, capture_output=True)  # noqa: E731
        run("run", "--demo")
        with duckdb.connect(f"{folder}/data/snowtrack.duckdb") as ledger:
            ledger.execute(FILL.format(rows=rows))
        began = time.monotonic()
        answer = json.loads(run("stream", "--replay", "--table", "songs").stdout)
        took = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        assert answer["status"] == "sent", answer
    count = answer["streams"][0]["acknowledged_count"]
    value = json.dumps({"id": "0" * 22, "name": "Song number 123456", "url": "https://open.spotify.com/track/" + "0" * 22, "more": "x" * 200})
    plain = Producer({
        "bootstrap.servers": cluster.servers, "enable.idempotence": True, "compression.codec": "zstd", "linger.ms": 5,
        "queue.buffering.max.messages": 100_000,
    })
    began = time.monotonic()
    for at in range(count):
        while True:
            try:
                plain.produce("plain", value, f'["{at:022d}"]')
                break
            except BufferError:
                plain.poll(0.1)
        if at % 1000 == 0:
            plain.poll(0)
    plain.flush()
    loop = time.monotonic() - began
    print(f"replay: {count} events in {took:.1f} s = {count / took:.0f}/s, {peak} MB at most")
    print(f"plain loop: {count} events in {loop:.1f} s = {count / loop:.0f}/s; the replay has {loop / took:.2f} of it")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
